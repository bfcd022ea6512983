"""The EHR file: into which charts results are written, and how each EHR knows this service.

TOML, one table for each EHR; an unknown field is refused:

    [[ehr]]
    name = "north"                                  # in lists and audit rows
    base_url = "https://fhir.example.org/r4"        # https; http on loopback only
    client_id = "osteocds"                          # as registered there for SMART backend services
    key_file = "north-key.pem"                      # private key: PEM, or JWK; RSA signs RS384, EC P-384 signs ES384
    key_id = "2026-1"                               # `kid`; default: that of the JWK, else its RFC 7638 thumbprint
    token_url = "https://auth.example.org/token"    # default: from base_url's .well-known/smart-configuration,
                                                    # which must then name one of the same origin
    scopes = ["system/Patient.rs", "system/Observation.crus", "system/DiagnosticReport.crus"]   # the default
    tenant = "north"                                # default: OSTEOCDS_TENANT; only its results are written
    identifier_system = "urn:oid:1.2.3"             # default: OSTEOCDS_IDENTIFIER_SYSTEM; whose value is the PatientID
    write = ["observation", "report"]               # the default; also "levels", "device", "provenance"
    not_assessable = false                          # true: results without a value too

A relative `key_file` is looked for beside the EHR file. Nobody but the service should be able to read it.
"""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, field_validator

from cds.errors import SettingsInvalid
from cds.fhir_client.origins import origin_of
from cds.settings import Settings

Kind = Literal["observation", "report", "levels", "device", "provenance"]
"""What may be written of a result."""
PrivateKey = RSAKey | ECKey

_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
_FEWEST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredEhr:
    """One entry, complete."""

    name: str
    base_url: str
    client_id: str
    key: PrivateKey
    token_url: str | None
    scopes: tuple[str, ...]
    tenant: str
    identifier_system: str
    write: frozenset[Kind]
    not_assessable: bool


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: _Name
    base_url: _Text
    client_id: _Text
    key_file: _Text
    key_id: _Text | None = None
    token_url: _Text | None = None
    scopes: list[_Text] = ["system/Patient.rs", "system/Observation.crus", "system/DiagnosticReport.crus"]
    tenant: _Name | None = None
    identifier_system: _Text | None = None
    write: list[Kind] = ["observation", "report"]
    not_assessable: bool = False

    @field_validator("base_url", "token_url")
    @classmethod
    def _secure(cls, url: str | None) -> str | None:
        if url is not None and (origin_of(url) is None or set("?#") & set(url)):
            raise ValueError("must be an https address without user, query and fragment; http on loopback only")
        return url

    @field_validator("write")
    @classmethod
    def _the_value_at_least(cls, kinds: list[Kind]) -> list[Kind]:
        if "observation" not in kinds:
            raise ValueError("must hold observation: everything else refers to it")
        return kinds

    @field_validator("scopes")
    @classmethod
    def _some(cls, scopes: list[str]) -> list[str]:
        if not scopes or any(" " in scope for scope in scopes):
            raise ValueError("must name at least one scope, each by itself")
        return scopes


def read_ehrs(settings: Settings) -> Sequence[RegisteredEhr]:
    """Every EHR, none where no file is set; raises `SettingsInvalid` naming file, entry and field."""
    path = settings.ehr_file
    if path is None:
        return ()
    ehrs = [_registered(entry, path, place, settings) for place, entry in enumerate(_entries(path), 1)]
    names = [each.name for each in ehrs]
    for place, name in enumerate(names, 1):
        if name in names[: place - 1]:
            raise _wrong(path, place, "name: is that of an earlier EHR")
    return ehrs


def _entries(path: Path) -> Sequence[object]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise SettingsInvalid(f"OSTEOCDS_EHR_FILE: {path} cannot be read: {fault.strerror}") from fault
    except ValueError as fault:
        raise SettingsInvalid(f"OSTEOCDS_EHR_FILE: {path} is no TOML in UTF-8: {fault}") from fault
    entries = document.pop("ehr", None)
    if document:
        raise SettingsInvalid(f"OSTEOCDS_EHR_FILE: {path} has {next(iter(document))!r} outside of any [[ehr]]")
    if not isinstance(entries, list) or not entries:
        raise SettingsInvalid(f"OSTEOCDS_EHR_FILE: {path} has no [[ehr]]")
    return entries


def _registered(raw: object, path: Path, place: int, settings: Settings) -> RegisteredEhr:
    try:
        entry = _Entry.model_validate(raw)
    except ValidationError as fault:
        wrong = fault.errors(include_input=False, include_url=False, include_context=False)
        sentences = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}".removeprefix(": ") for each in wrong)
        raise _wrong(path, place, "; ".join(sentences)) from None
    system = entry.identifier_system or settings.identifier_system
    if system is None:
        raise _wrong(path, place, "identifier_system: give it here, or set OSTEOCDS_IDENTIFIER_SYSTEM")
    return RegisteredEhr(
        name=entry.name,
        base_url=entry.base_url.rstrip("/"),
        client_id=entry.client_id,
        key=_key(path.parent / entry.key_file, entry.key_id, path, place),
        token_url=entry.token_url,
        scopes=tuple(entry.scopes),
        tenant=entry.tenant or settings.tenant,
        identifier_system=system,
        write=frozenset(entry.write),
        not_assessable=entry.not_assessable,
    )


def _key(file: Path, key_id: str | None, path: Path, place: int) -> PrivateKey:
    try:
        content = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise _wrong(path, place, f"key_file: cannot be read ({type(fault).__name__})") from None
    key = _imported(content)
    if key is None or not key.is_private:
        raise _wrong(path, place, "key_file: holds no private RSA or EC P-384 key as PEM or JWK")
    if isinstance(key, RSAKey) and key.raw_value.key_size < _FEWEST_RSA_BITS:
        raise _wrong(path, place, f"key_file: an RSA key needs {_FEWEST_RSA_BITS} bits at least")
    if isinstance(key, ECKey) and key.curve_name != "P-384":
        raise _wrong(path, place, f"key_file: ES384 needs a key on P-384, not {key.curve_name}")
    named = {"kid": key_id or key.kid or key.thumbprint()}
    return type(key).import_key({**key.as_dict(private=True), **named})


def _imported(content: str) -> PrivateKey | None:
    """None for whatever is no key of these kinds; what is wrong with a key is never quoted."""
    given: str | dict[str, str | list[str]] = content
    if content.startswith("{"):
        try:
            given = {name: value for name, value in json.loads(content).items() if isinstance(value, str)}
        except ValueError:
            return None
    for kind in (RSAKey, ECKey):
        try:
            return kind.import_key(given)
        except (JoseError, ValueError, KeyError, TypeError):
            continue
    return None


def _wrong(path: Path, place: int, what: str) -> SettingsInvalid:
    return SettingsInvalid(f"OSTEOCDS_EHR_FILE: {path}, ehr {place}: {what}")
