"""The secret that signs report links: from a file that the site names, or generated once."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from cds.errors import SettingsInvalid
from cds.settings import Settings

FEWEST_BYTES = 32
_FILE_NAME = "link-secret"


def link_secret_path(settings: Settings) -> Path:
    """Where it lies, or will."""
    return settings.link_secret_file or settings.data_dir / _FILE_NAME


def link_secret(settings: Settings) -> bytes:
    """Read the link secret; without `link_secret_file`, one is generated in `data_dir` and kept."""
    path = link_secret_path(settings)
    if settings.link_secret_file is None and not path.exists():
        _generate(path)
    try:
        secret = path.read_bytes().strip()
    except OSError as fault:
        raise SettingsInvalid(f"OSTEOCDS_LINK_SECRET_FILE cannot be read: {fault.strerror}") from fault
    if len(secret) < FEWEST_BYTES:
        raise SettingsInvalid(f"the link secret is shorter than {FEWEST_BYTES} bytes: {path}")
    return secret


def _generate(path: Path) -> None:
    """Write a new secret, readable by the owner alone; another process may have been first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w") as sink:
            sink.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        Path(draft).unlink()
