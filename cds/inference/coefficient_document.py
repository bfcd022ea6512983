"""The coefficient files as JSON, schema version 1: strict, and every fault told in a sentence.

    phantom      slope factor and offset from the rods of a phantom
    pairs        the same from pairs of our vBMD and QCT
    filtration   written by hand: light, standard or hard filtration, and who says so

Keys carry their units; an unknown key is a fault, not a comment.
"""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cds.inference.scanner_calibration import DocumentedFiltration, OnFile, ScannerIdentity, SiteCalibration
from models.hu_calibration.scanner_coefficients import CalibrationRefusedError, ScannerCoefficients

SCHEMA_VERSION: Final = 1
LONGEST_VALIDITY: Final = timedelta(days=5 * 366)
_FAULTS_TOLD = 3

Name = Annotated[str, Field(min_length=1, max_length=64)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Kvp = Annotated[float, Field(ge=70, le=150)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ScannerDocument(_Document):
    """The scanner by its DICOM attributes; `station` is StationName or DeviceSerialNumber."""

    manufacturer: Name
    model: Name
    station: Name | None = None


class _MeasuredDocument(_Document):
    schema_version: Literal[1]
    kind: Literal["phantom", "pairs"]
    scanner: ScannerDocument
    kvp: Kvp
    kernels: Annotated[tuple[Name, ...], Field(min_length=1)]
    phantom: Name
    basis: Literal["K2HPO4", "HA"]
    measured: date
    valid_from: date
    valid_until: date
    slope_factor: float
    slope_factor_sd: float
    offset_hu: float
    offset_sd_hu: float
    source_csv_sha256: Sha256
    osteocds_version: Name


class PhantomDocument(_MeasuredDocument):
    """Rods of a phantom."""

    kind: Literal["phantom"]
    rods: Annotated[int, Field(ge=3)]
    residual_sd_hu: Annotated[float, Field(ge=0)]
    measured_slope_hu_per_mg_cm3: float
    table_slope_hu_per_mg_cm3: float
    water_equivalent_diameter_cm: float
    rod_position: Literal["centre", "edge"]


class PairsDocument(_MeasuredDocument):
    """Pairs of our vBMD and QCT: QCT = intercept + slope * ours, Deming."""

    kind: Literal["pairs"]
    pairs: Annotated[int, Field(ge=100)]
    residual_sd_mg_cm3: Annotated[float, Field(ge=0)]
    deming_slope: float
    deming_intercept_mg_cm3: float
    error_variance_ratio: float


class FiltrationDocument(_Document):
    """Filtration as documented."""

    schema_version: Literal[1]
    kind: Literal["filtration"]
    scanner: ScannerDocument
    filtration: Literal["light", "standard", "hard"]
    source: Name


MeasuredDocument = PhantomDocument | PairsDocument
_KINDS: Final[Mapping[str, type[PhantomDocument | PairsDocument | FiltrationDocument]]] = {
    "phantom": PhantomDocument,
    "pairs": PairsDocument,
    "filtration": FiltrationDocument,
}


class CoefficientFileError(ValueError):
    """A coefficient file that cannot be used; one sentence."""


def read_document(text: str, on_file: OnFile, today: date) -> SiteCalibration | DocumentedFiltration:
    """One coefficient file; raises `CoefficientFileError` with all that is wrong with it."""
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise CoefficientFileError(f"is no JSON: {error}") from error
    kind = raw.get("kind") if isinstance(raw, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise CoefficientFileError(f'has no "kind" that is one of {", ".join(_KINDS)}')
    try:
        document = _KINDS[kind].model_validate_json(text)
    except ValidationError as error:
        raise CoefficientFileError(_told(error, _KINDS[kind])) from error
    scanner = ScannerIdentity(document.scanner.manufacturer, document.scanner.model, document.scanner.station)
    if isinstance(document, FiltrationDocument):
        return DocumentedFiltration(
            scanner=scanner, filtration=document.filtration, source=document.source, on_file=on_file
        )
    _refuse_dates(document, today)
    return _site_calibration(document, scanner, on_file)


def _site_calibration(document: MeasuredDocument, scanner: ScannerIdentity, on_file: OnFile) -> SiteCalibration:
    try:
        coefficients = ScannerCoefficients(
            slope_factor=document.slope_factor,
            slope_factor_sd=document.slope_factor_sd,
            offset_hu=document.offset_hu,
            offset_sd_hu=document.offset_sd_hu,
        )
    except CalibrationRefusedError as error:
        raise CoefficientFileError(str(error)) from error
    return SiteCalibration(
        scanner=scanner,
        kvp=document.kvp,
        kernels=document.kernels,
        made_from=document.kind,
        phantom=document.phantom,
        measured=document.measured,
        valid_from=document.valid_from,
        valid_until=document.valid_until,
        coefficients=coefficients,
        on_file=on_file,
    )


def _refuse_dates(document: MeasuredDocument, today: date) -> None:
    if document.measured > today:
        raise CoefficientFileError(f"was measured on {document.measured}, which lies in the future")
    if document.valid_until < max(document.valid_from, document.measured):
        raise CoefficientFileError(
            f"is valid until {document.valid_until}, before it begins ({document.valid_from}, measured "
            f"{document.measured})"
        )
    if document.valid_until - document.measured > LONGEST_VALIDITY:
        raise CoefficientFileError(
            f"is valid until {document.valid_until}, more than five years after it was measured ({document.measured})"
        )


def _told(error: ValidationError, kind: type[BaseModel]) -> str:
    faults = error.errors(include_url=False)
    told = [_fault(fault["loc"], fault["type"], fault["msg"], fault["input"], kind) for fault in faults[:_FAULTS_TOLD]]
    more = len(faults) - _FAULTS_TOLD
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def _fault(place: tuple[Any, ...], kind: str, message: str, value: object, document: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in place)
    if kind == "missing":
        return f"key {key} is missing"
    if kind == "extra_forbidden":
        known = ScannerDocument.model_fields if place[0] == "scanner" else document.model_fields
        near = get_close_matches(str(place[-1]), known, n=1)
        return f"unknown key {key}" + (f": did you mean {near[0]}?" if near else "")
    if kind in ("float_type", "int_type"):
        return f"{key} must be a number, not {json.dumps(value)}"
    return f"{key}: {message[0].lower()}{message[1:]}, not {json.dumps(value)}"
