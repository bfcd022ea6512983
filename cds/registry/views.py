"""How a registry sees a resource: as it was stored, or de-identified.

De-identified means: elements that are named here and no others, so that what a later version of
the rendering adds stays inside until somebody decides about it.

    safe-harbor  45 CFR 164.514(b)(2): of dates the year, of ages 90 and over one group; no identifiers, UIDs,
                 accession or serial numbers, names or narrative; Provenance is not served
    site         the same elements, each patient's dates moved by a number of days of its own, and a pseudonym

Ids become pseudonyms in both: a permutation of UUIDs under a key that the site keeps, one key for
each registry. The same resource keeps its pseudonym, so corrections reach the copies, and two registries cannot
compare notes. `lastUpdated` is left out.
"""

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from cds.entered_in_error import IN_ERROR, WITHDRAWN
from cds.registry_client import Deidentification
from cds.resource import SERVED_TYPES, ResourceVersion

Json = dict[str, Any]

_ALWAYS = ("resourceType", "id", "meta", "status")
_FINDING = ("category", "code", "subject", "effectiveDateTime", "_effectiveDateTime")
_KEPT: Mapping[str, tuple[str, ...]] = {
    "Patient": ("name", "_gender", "gender", "birthDate"),
    "ImagingStudy": ("modality", "subject", "started"),
    "Device": ("identifier", "deviceName", "type", "version"),
    "Observation": (
        *_FINDING,
        "valueQuantity",
        "dataAbsentReason",
        "note",
        "bodySite",
        "method",
        "device",
        "derivedFrom",
        "component",
    ),
    "DiagnosticReport": (*_FINDING, "result", "imagingStudy", "conclusionCode"),
}
_MASKED = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}
_LABELS = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
_OLDEST_TOLD = 89
_PSEUDONYM_SYSTEM = "http://osteocds.org/fhir/identifier/pseudonym"


class View(Protocol):
    """What a caller gets to see."""

    identified: bool
    types: tuple[str, ...]

    def shown(self, resource: ResourceVersion) -> bytes:
        """The resource in one line of JSON."""

    def shown_id(self, kind: str, stored_id: str) -> str:
        """Under which id the caller knows it."""

    def stored_id(self, kind: str, shown_id: str) -> str:
        """The way back; an id that was never shown leads to one that is not stored."""


class AsStored:
    """The bytes as they lie in the database."""

    identified = True
    types: tuple[str, ...] = SERVED_TYPES

    def shown(self, resource: ResourceVersion) -> bytes:
        """Unchanged."""
        return resource.body

    def shown_id(self, kind: str, stored_id: str) -> str:
        """The same."""
        del kind
        return stored_id

    def stored_id(self, kind: str, shown_id: str) -> str:
        """The same."""
        del kind
        return shown_id


class Pseudonyms:
    """Ids that only the holder of the secret can undo; a secret of its own for each registry."""

    def __init__(self, secret: bytes, registry: str) -> None:
        self._secret = hmac.new(secret, f"registry\n{registry}".encode(), hashlib.sha256).digest()
        key = self.digest("ids")[:16]
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - one block: a permutation of UUIDs

    def of(self, stored_id: str) -> str:
        """The pseudonym of an id."""
        cipher = self._cipher.encryptor()
        return str(uuid.UUID(bytes=cipher.update(uuid.UUID(stored_id).bytes)))

    def undo(self, pseudonym: str) -> str:
        """The id of a pseudonym; of any other text, that text."""
        try:
            block = uuid.UUID(pseudonym)
        except ValueError:
            return pseudonym
        return str(uuid.UUID(bytes=self._cipher.decryptor().update(block.bytes)))

    def digest(self, what: str) -> bytes:
        """A keyed hash (HMAC-SHA-256)."""
        return hmac.new(self._secret, what.encode(), hashlib.sha256).digest()


@dataclass(frozen=True, slots=True)
class DayShift:
    """Moves every date of a patient by the same number of days, never by none."""

    pseudonyms: Pseudonyms
    at_most: int = 182

    def __call__(self, day: date, patient: str) -> date:
        """The day as it is told."""
        number = int.from_bytes(self.pseudonyms.digest(f"shift\n{patient}")[:8], "big") % (2 * self.at_most)
        return day + timedelta(days=number - self.at_most + (number >= self.at_most))


class Deidentified:
    """Keeps what is named, and changes what would tell who it is."""

    identified = False
    types: tuple[str, ...] = tuple(kind for kind in SERVED_TYPES if kind in _KEPT)

    def __init__(self, pseudonyms: Pseudonyms, shift: DayShift | None, this_year: Callable[[], int]) -> None:
        self._pseudonyms = pseudonyms
        self._shift = shift
        self._this_year = this_year

    def shown(self, resource: ResourceVersion) -> bytes:
        """The resource as others may have it."""
        whole: Json = json.loads(resource.body)
        kept = {name: whole[name] for name in (*_ALWAYS, *_KEPT[resource.type]) if name in whole}
        kept["id"] = self.shown_id(resource.type, resource.id)
        kept["meta"] = self._meta(whole)
        for name in ("effectiveDateTime", "started"):
            if name in kept:
                kept[name] = self._day(kept[name], resource.patient)
        if "birthDate" in kept:
            self._tell_age(kept)
        if "note" in kept:  # what a reader wrote may name somebody, and names the reader
            kept["note"] = [each for each in kept["note"] if "authorString" not in each]
        if whole.get("status") == IN_ERROR:
            _tell_why_in_codes(kept, whole)
        if resource.type == "Patient" and self._shift is not None:
            kept["identifier"] = [{"system": _PSEUDONYM_SYSTEM, "value": kept["id"]}]
        return json.dumps(self._with_pseudonyms(kept), separators=(",", ":")).encode()

    def shown_id(self, kind: str, stored_id: str) -> str:
        """Software belongs to nobody, and keeps its id."""
        return stored_id if kind == "Device" else self._pseudonyms.of(stored_id)

    def stored_id(self, kind: str, shown_id: str) -> str:
        """The way back."""
        return shown_id if kind == "Device" else self._pseudonyms.undo(shown_id)

    def _meta(self, whole: Json) -> Json:
        label = {"system": _LABELS, "code": "REDACTED" if self._shift is None else "PSEUDED"}
        meta = whole["meta"]
        return {"versionId": meta["versionId"], "security": [*meta.get("security", ()), label]}

    def _day(self, written: str, patient: str) -> str:
        if self._shift is None:
            return written[:4]
        return self._shift(date.fromisoformat(written[:10]), patient).isoformat()

    def _tell_age(self, kept: Json) -> None:
        """Of a birth date the year; whoever may be older than 89 is one of those of 90 and over."""
        year = int(kept["birthDate"][:4])
        if self._this_year() - year > _OLDEST_TOLD:
            del kept["birthDate"]
            kept["_birthDate"] = {"extension": [_MASKED]}
        else:
            kept["birthDate"] = str(year)

    def _with_pseudonyms(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, list):
            return [self._with_pseudonyms(each) for each in value]
        if not isinstance(value, dict):
            return value
        inner = {name: self._with_pseudonyms(each) for name, each in value.items()}
        if "reference" in inner:
            kind, _, stored_id = str(inner["reference"]).partition("/")
            inner["reference"] = f"{kind}/{self.shown_id(kind, stored_id)}"
        return inner


def _tell_why_in_codes(kept: Json, whole: Json) -> None:
    """Why a result was withdrawn, without the words of whoever withdrew it: they may name somebody."""
    kept.pop("note", None)
    reasons = [each["valueCodeableConcept"] for each in whole.get("extension", []) if each["url"] == WITHDRAWN]
    if reasons:
        kept["extension"] = [{"url": WITHDRAWN, "valueCodeableConcept": {"coding": reasons[0]["coding"]}}]


@dataclass(frozen=True, slots=True)
class Views:
    """Chooses the view of a registry."""

    secret: bytes | None
    """Of the site; needed where a registry gets de-identified data."""
    this_year: Callable[[], int]
    shift_days: int = 182

    def of(self, registry: str, how: Deidentification) -> View:
        """As configured; raises `ValueError` where there is no secret to make pseudonyms with."""
        if how == "none":
            return AsStored()
        if self.secret is None:
            raise ValueError("pseudonyms need a secret")
        pseudonyms = Pseudonyms(self.secret, registry)
        shift = DayShift(pseudonyms, self.shift_days) if how == "site" else None
        return Deidentified(pseudonyms, shift, self.this_year)
