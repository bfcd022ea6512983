"""Whether weights on disk are those that their metadata describes: plain hashing, no tensors."""

import json
from collections.abc import Sequence
from pathlib import Path

from cds.errors import SettingsInvalid
from cds.inference.generation import SHIPPED
from cds.inference.identity import sha256_of


def wrong_weights(weights_dir: Path | None) -> Sequence[str]:
    """Names of files that are not there, or not what metadata.json says; the shipped ones by default.

    Raises `SettingsInvalid` where the metadata cannot be read.
    """
    folder = weights_dir or SHIPPED
    try:
        metadata = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        described = {str(each["file"]): str(each["sha256"]) for each in metadata["networks"].values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsInvalid(f"{folder} holds no readable metadata.json ({type(error).__name__})") from error
    return [name for name, sha256 in described.items() if not _is(folder / name, sha256)]


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256
