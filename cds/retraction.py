"""Taking results back: which ones, why, and where they had gone."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal, get_args

RetractionKind = Literal["wrong-patient", "wrong-level", "wrong-value", "recalled-version", "recalled-scanner"]

KINDS: tuple[RetractionKind, ...] = get_args(RetractionKind)

WithdrawalCode = RetractionKind | Literal["rejected-by-reader", "no-longer-confirmed"]

WITHDRAWALS: Mapping[str, str] = MappingProxyType(
    {
        "wrong-patient": "Images of another patient",
        "wrong-level": "Vertebrae named wrongly",
        "wrong-value": "Wrong value",
        "recalled-version": "Version that measured it recalled",
        "recalled-scanner": "Calibration of the scanner recalled",
        "rejected-by-reader": "Rejected by a reader",
        "no-longer-confirmed": "No longer confirmed by the imaging archive",
    }
)
"""Every `WithdrawalCode`, for which a result stops being shown, and what people see."""

NO_LONGER_THERE = "the series is no longer in the archive under this patient"
"""Why a result was withdrawn that is measured again as soon as its study is there again."""
OF_ANOTHER_PATIENT = "the archive says something else about the patient now"

_IN_WORDS: dict[RetractionKind, str] = {
    "wrong-patient": "the images are those of another patient",
    "wrong-level": "the vertebrae were named wrongly",
    "wrong-value": "the value is wrong",
    "recalled-version": "the version that measured it was recalled",
    "recalled-scanner": "the calibration of the scanner was recalled",
}


@dataclass(frozen=True, slots=True)
class Retraction:
    """One result taken back for good."""

    result_id: str
    kind: RetractionKind
    reason: str
    """In the words of whoever took it back; clinicians read them."""
    by: str
    at: datetime

    def __post_init__(self) -> None:
        """Nobody unnamed takes back, and nothing is taken back without a reason."""
        if not self.by.strip() or not self.reason.strip():
            msg = "a retraction needs whoever takes back, and the reason"
            raise ValueError(msg)

    @property
    def told(self) -> str:
        """The reason as clinicians and other systems read it."""
        return f"{_IN_WORDS[self.kind]}: {self.reason.strip()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Which results are meant: all that is given must hold."""

    result_id: str | None = None
    study_uid: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    station: str | None = None
    """StationName or DeviceSerialNumber."""
    calibration_file: str | None = None
    """Name of a coefficient file, as in the folder of calibrations."""
    model_version: str | None = None
    """Part of a generation, such as "vertebra_segmentation 0.1" or all of it."""
    scanned_from: date | None = None
    scanned_until: date | None = None
    """Last day."""

    def __post_init__(self) -> None:
        """Dates alone would be everybody."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        dates = {named.pop("scanned_from"), named.pop("scanned_until")}
        if any(isinstance(value, str) and not value.strip() for value in named.values()):
            raise ValueError("what a recall names must not be empty")
        if not any(named.values()):
            raise ValueError("a recall names a result, study, scanner, calibration file or model version")
        if None not in dates and self.scanned_from > self.scanned_until:  # type: ignore[operator]
            raise ValueError("the first day lies after the last one")

    @property
    def stands(self) -> bool:
        """Whether it withdraws a version or a file, not only results: then nothing more is published with that."""
        of_a_tool = self.model_version is not None or self.calibration_file is not None
        return of_a_tool and self.result_id is None and self.study_uid is None


@dataclass(frozen=True, slots=True)
class StandingRecall:
    """A version or a coefficient file that is withdrawn, until somebody lifts that."""

    recall: Recall
    kind: RetractionKind
    reason: str
    by: str
    at: datetime

    @property
    def told(self) -> str:
        """What is withdrawn, since when and why; for whoever operates the service."""
        recall = self.recall
        names = (("version", recall.model_version), ("calibration file", recall.calibration_file))
        what = ", ".join(f"{kind} {name!r}" for kind, name in names if name is not None)
        return f"{what} was withdrawn on {self.at:%Y-%m-%d} by {self.by}: {self.reason.strip()}"

    def concerns(self, generation: str) -> bool:
        """Whether everything that a generation measures is meant, whichever scanner, file and day."""
        version = self.recall.model_version
        return version is not None and self.recall == Recall(model_version=version) and version in generation
