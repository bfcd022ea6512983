"""The clients file: which CDS Clients may call, and how each proves who it is.

TOML, one table for each client; an unknown field is refused:

    [[client]]
    issuer = "https://ehr.example.org"             # `iss` of its tokens, exactly
    jwks_url = "https://ehr.example.org/jwks.json" # or jwks_file = "ehr-jwks.json", or jwks = '''{"keys": [...]}'''
    tenant = "north"                               # default: OSTEOCDS_TENANT; a `tenant` claim must equal it
    algorithms = ["ES384", "RS384"]                # the default; see `ALGORITHMS`
    fhir_origins = ["https://fhir.example.org"]    # default: OSTEOCDS_FHIR_ORIGINS; narrows it
    audiences = []                                 # `aud` accepted besides the URL that is called

A relative `jwks_file` is looked for beside the clients file.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError, field_validator

from cds.client import LONGEST_ISSUER, Client
from cds.errors import SettingsInvalid
from cds.security.key_fields import KeyFields
from cds.security.key_set import KeysUnusable, PublicKey, read_key_set
from cds.settings import Settings

Algorithm = Literal["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
"""Signatures by key pairs only: never `none`, never a shared secret (CDS Hooks 2.0)."""

_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
_Issuer = Annotated[_Name, StringConstraints(max_length=LONGEST_ISSUER)]
_Tenant = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredClient:
    """One entry; exactly one of `jwks_url`, `jwks_file` and `keys` is given."""

    client: Client
    tenant: str
    """What a `tenant` claim must say."""
    algorithms: frozenset[str]
    audiences: frozenset[str]
    jwks_url: str | None = None
    jwks_file: Path | None = None
    keys: Mapping[str, PublicKey] | None = None


class _Entry(KeyFields):
    issuer: _Issuer
    tenant: _Tenant | None = None
    algorithms: list[Algorithm] = Field(default=["ES384", "RS384"])
    fhir_origins: list[str] | None = None
    audiences: list[_Name] = Field(default=[])

    @field_validator("algorithms")
    @classmethod
    def _some(cls, algorithms: list[Algorithm]) -> list[Algorithm]:
        if not algorithms:
            raise ValueError("must name at least one")
        return algorithms


def read_clients(settings: Settings) -> Sequence[RegisteredClient]:
    """Every client; raises `SettingsInvalid` naming file, entry and field."""
    path = settings.clients_file
    if path is None:
        raise SettingsInvalid(
            "OSTEOCDS_CLIENT_AUTH is required, and OSTEOCDS_CLIENTS_FILE is not set: name the file that lists the CDS "
            "Clients, or set OSTEOCDS_CLIENT_AUTH=off to serve this machine only"
        )
    clients = [_registered(entry, path, place, settings) for place, entry in enumerate(_entries(path), 1)]
    issuers = [each.client.issuer for each in clients]
    for place, issuer in enumerate(issuers, 1):
        if issuer in issuers[: place - 1]:
            raise _wrong(path, place, "issuer: is that of an earlier client")
    return clients


def _entries(path: Path) -> Sequence[object]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise SettingsInvalid(f"OSTEOCDS_CLIENTS_FILE: {path} cannot be read: {fault.strerror}") from fault
    except ValueError as fault:
        raise SettingsInvalid(f"OSTEOCDS_CLIENTS_FILE: {path} is no TOML in UTF-8: {fault}") from fault
    entries = document.pop("client", None)
    if document:
        raise SettingsInvalid(f"OSTEOCDS_CLIENTS_FILE: {path} has {next(iter(document))!r} outside of any [[client]]")
    if not isinstance(entries, list) or not entries:
        raise SettingsInvalid(f"OSTEOCDS_CLIENTS_FILE: {path} has no [[client]]")
    return entries


def _registered(raw: object, path: Path, place: int, settings: Settings) -> RegisteredClient:
    try:
        entry = _Entry.model_validate(raw)
    except ValidationError as fault:
        wrong = fault.errors(include_input=False, include_url=False, include_context=False)
        sentences = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}".removeprefix(": ") for each in wrong)
        raise _wrong(path, place, "; ".join(sentences)) from None
    for origin in entry.fhir_origins or ():
        if origin not in settings.fhir_origins:
            raise _wrong(path, place, f"fhir_origins: {origin} is not among OSTEOCDS_FHIR_ORIGINS")
    jwks_file = path.parent / entry.jwks_file if entry.jwks_file is not None else None
    try:
        keys = read_key_set(entry.jwks.encode()) if entry.jwks is not None else None
        if jwks_file is not None:
            read_key_set(jwks_file.read_bytes())
    except KeysUnusable as fault:
        raise _wrong(path, place, f"{'jwks' if jwks_file is None else 'jwks_file'}: {fault}") from fault
    except OSError as fault:
        raise _wrong(path, place, f"jwks_file: cannot be read: {fault.strerror}") from fault
    origins = None if entry.fhir_origins is None else tuple(entry.fhir_origins)
    return RegisteredClient(
        client=Client(entry.issuer, entry.tenant, origins),
        tenant=entry.tenant or settings.tenant,
        algorithms=frozenset(entry.algorithms),
        audiences=frozenset(entry.audiences),
        jwks_url=entry.jwks_url,
        jwks_file=jwks_file,
        keys=keys,
    )


def _wrong(path: Path, place: int, what: str) -> SettingsInvalid:
    return SettingsInvalid(f"OSTEOCDS_CLIENTS_FILE: {path}, client {place}: {what}")
