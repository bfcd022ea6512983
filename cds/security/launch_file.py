"""The launch file: from which EHRs readers may come, and how each knows this service.

TOML, one table for each EHR; an unknown field is refused:

    [[ehr]]
    name = "north"                                  # in audit rows
    iss = "https://fhir.example.org/r4"             # its FHIR server, exactly as it sends it; http on loopback only
    client_id = "osteocds-reading"                  # as registered there, with redirect_uri PUBLIC_URL/launch/callback
    client_secret_file = "north-secret"             # for a confidential client; unset: a public one with PKCE
    tenant = "north"                                # default: OSTEOCDS_TENANT

Which identifier of its patients is the archive's PatientID is OSTEOCDS_IDENTIFIER_SYSTEM.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, field_validator

from cds.errors import SettingsInvalid
from cds.loopback import is_loopback

_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
_SETTING = "OSTEOCDS_LAUNCH_FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchingEhr:
    """One entry, complete."""

    name: str
    iss: str
    client_id: str
    client_secret: str | None = field(repr=False)
    tenant: str | None


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: _Name
    iss: _Text
    client_id: _Text
    client_secret_file: _Text | None = None
    tenant: _Name | None = None

    @field_validator("iss")
    @classmethod
    def _secure(cls, url: str) -> str:
        if not is_secure(url):
            raise ValueError("must be an https address without user, query and fragment; http on loopback only")
        return url


def is_secure(url: str) -> bool:
    """An https address, or http on loopback; no user, query or fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def read_launching_ehrs(path: Path) -> Sequence[LaunchingEhr]:
    """Every EHR; raises `SettingsInvalid` naming file, entry and field."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise SettingsInvalid(f"{_SETTING}: {path} cannot be read: {fault.strerror}") from fault
    except ValueError as fault:
        raise SettingsInvalid(f"{_SETTING}: {path} is no TOML in UTF-8: {fault}") from fault
    entries = document.pop("ehr", None)
    if document or not isinstance(entries, list) or not entries:
        raise SettingsInvalid(f"{_SETTING}: {path} must hold [[ehr]] tables and nothing else")
    ehrs = [_registered(entry, path, place) for place, entry in enumerate(entries, 1)]
    if len({each.iss for each in ehrs}) < len(ehrs) or len({each.name for each in ehrs}) < len(ehrs):
        raise SettingsInvalid(f"{_SETTING}: {path} has a name or an iss twice")
    return ehrs


def _registered(raw: object, path: Path, place: int) -> LaunchingEhr:
    try:
        entry = _Entry.model_validate(raw)
    except ValidationError as fault:
        wrong = fault.errors(include_input=False, include_url=False, include_context=False)
        sentences = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}".removeprefix(": ") for each in wrong)
        raise SettingsInvalid(f"{_SETTING}: {path}, ehr {place}: {sentences}") from None
    secret = None
    if entry.client_secret_file is not None:
        try:
            secret = (path.parent / entry.client_secret_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as fault:
            raise SettingsInvalid(
                f"{_SETTING}: {path}, ehr {place}: client_secret_file: cannot be read ({type(fault).__name__})"
            ) from None
    return LaunchingEhr(
        name=entry.name, iss=entry.iss.rstrip("/"), client_id=entry.client_id, client_secret=secret, tenant=entry.tenant
    )
