"""The registries file: which registries may pull results, and which of them.

TOML, one table for each registry; an unknown field is refused, and what is not said is not allowed:

    pseudonym_secret_file = "registry-secret"      # 32 bytes or more; needed where deidentify is set
    shift_days_at_most = 182                       # of the profile "site"

    [[registry]]
    client_id = "bone-registry"                    # `iss` and `sub` of its assertions
    jwks_url = "https://registry.example.org/jwks.json"   # or jwks_file, or jwks = '''{"keys": [...]}'''
    scopes = ["system/Observation.rs", "system/DiagnosticReport.rs", "system/Patient.r"]
    patients = "all"                               # or groups = { fractures = "fractures.csv" }
    deidentify = "none"                            # or "safe-harbor", or "site"
    tenant = "north"                               # default: OSTEOCDS_TENANT
    rest_hook_origins = ["https://registry.example.org"]  # where its Subscriptions may point

A group is a CSV file with the column patient_id, perhaps issuer (default: OSTEOCDS_ARCHIVE_ISSUER).
Relative paths begin beside the registries file. All of it is read at start.
"""

import csv
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from cds.ct.patient import IdentifierRefused, PatientKey
from cds.errors import SettingsInvalid
from cds.registry_client import Deidentification, RegistryClient
from cds.security.key_fields import KeyFields
from cds.security.key_set import KeysUnusable, PublicKey, read_key_set
from cds.security.scopes import allowed_by
from cds.settings import Settings, is_origin

_FEWEST_BYTES = 32
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$")]
_GroupName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,64}$")]
_Tenant = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredRegistry:
    """One entry; exactly one of `jwks_url`, `jwks_file` and `keys` is given."""

    client: RegistryClient
    members: Mapping[str, Sequence[PatientKey]]
    """By group."""
    rest_hook_origins: frozenset[str]
    jwks_url: str | None = None
    jwks_file: Path | None = None
    keys: Mapping[str, PublicKey] | None = None


@dataclass(frozen=True, slots=True)
class Registries:
    """The whole file."""

    entries: Sequence[RegisteredRegistry]
    pseudonym_secret: bytes | None = field(repr=False)
    shift_days_at_most: int


class _Entry(KeyFields):
    client_id: _Name
    scopes: Annotated[list[str], Field(min_length=1)]
    patients: Literal["all"] | None = None
    groups: dict[_GroupName, str] | None = None
    deidentify: Deidentification = "none"
    tenant: _Tenant | None = None
    rest_hook_origins: list[str] = Field(default=[])

    @model_validator(mode="after")
    def _says_which_patients(self) -> Self:
        if (self.patients is None) == (self.groups is None):
            raise ValueError('set either patients = "all" or groups')
        for scope in self.scopes:
            if not allowed_by([scope]):
                raise ValueError("scopes: one of them allows nothing that is served here")
        if self.deidentify != "none" and any(deed == "update" for _, deed in allowed_by(self.scopes)):
            raise ValueError("scopes: whoever gets de-identified data cannot accept results")
        if not all(map(is_origin, self.rest_hook_origins)):
            raise ValueError("rest_hook_origins: give https://host[:port]; http on loopback only")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    registry: Annotated[list[_Entry], Field(min_length=1)]
    pseudonym_secret_file: str | None = None
    shift_days_at_most: Annotated[int, Field(ge=30, le=3650)] = 182


def read_registries(path: Path, settings: Settings) -> Registries:
    """Every registry; raises `SettingsInvalid` naming file, entry and field."""
    file = _parsed(path)
    secret = _secret(path, file.pseudonym_secret_file)
    entries = [_registered(entry, path, settings) for entry in file.registry]
    ids = [entry.client_id for entry in file.registry]
    if len(set(ids)) != len(ids):
        raise _wrong(path, "client_id: two registries have the same")
    if secret is None and any(entry.deidentify != "none" for entry in file.registry):
        raise _wrong(path, "pseudonym_secret_file: is needed where deidentify is set")
    return Registries(entries, secret, file.shift_days_at_most)


def _parsed(path: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as fault:
        raise _wrong(path, f"cannot be read: {fault.strerror}") from fault
    except ValidationError as fault:
        wrong = fault.errors(include_input=False, include_url=False, include_context=False)
        sentences = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in wrong)
        raise _wrong(path, "; ".join(sentences)) from None
    except ValueError as fault:
        raise _wrong(path, f"is no TOML in UTF-8: {fault}") from fault


def _registered(entry: _Entry, path: Path, settings: Settings) -> RegisteredRegistry:
    tenant = entry.tenant or settings.tenant
    groups = entry.groups or {}
    jwks_file = path.parent / entry.jwks_file if entry.jwks_file is not None else None
    try:
        keys = read_key_set(entry.jwks.encode()) if entry.jwks is not None else None
        if jwks_file is not None:
            read_key_set(jwks_file.read_bytes())
    except KeysUnusable as fault:
        raise _wrong(path, f"{entry.client_id}: {fault}") from fault
    except OSError as fault:
        raise _wrong(path, f"{entry.client_id}: jwks_file: cannot be read: {fault.strerror}") from fault
    client = RegistryClient(
        client_id=entry.client_id,
        tenant=tenant,
        allowed=allowed_by(entry.scopes),
        groups=None if entry.groups is None else tuple(groups),
        deidentification=entry.deidentify,
    )
    return RegisteredRegistry(
        client=client,
        members={name: _members(path, path.parent / file, tenant, settings) for name, file in groups.items()},
        rest_hook_origins=frozenset(entry.rest_hook_origins),
        jwks_url=entry.jwks_url,
        jwks_file=jwks_file,
        keys=keys,
    )


def _members(path: Path, file: Path, tenant: str, settings: Settings) -> Sequence[PatientKey]:
    """No identifier is repeated in a message: lines are counted."""
    try:
        lines = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, ValueError) as fault:
        raise _wrong(path, f"groups: {file.name} cannot be read") from fault
    keys = []
    for number, line in enumerate(lines, 2):
        try:
            issuer = (line.get("issuer") or "").strip() or settings.archive_issuer
            keys.append(PatientKey(tenant, line["patient_id"].strip(), issuer))
        except (KeyError, AttributeError, IdentifierRefused) as fault:
            raise _wrong(path, f"groups: {file.name}, line {number}: has no usable patient_id") from fault
    return keys


def _secret(path: Path, named: str | None) -> bytes | None:
    if named is None:
        return None
    try:
        secret = (path.parent / named).read_bytes().strip()
    except OSError as fault:
        raise _wrong(path, f"pseudonym_secret_file: cannot be read: {fault.strerror}") from fault
    if len(secret) < _FEWEST_BYTES:
        raise _wrong(path, f"pseudonym_secret_file: is shorter than {_FEWEST_BYTES} bytes")
    return secret


def _wrong(path: Path, what: str) -> SettingsInvalid:
    return SettingsInvalid(f"OSTEOCDS_REGISTRIES_FILE: {path}: {what}")
