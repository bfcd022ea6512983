"""The result for one patient: every level, the value that counts, and how sure it is.

Plain immutable values; `cds.bone.record` writes and reads them as the JSON record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from math import hypot
from typing import Literal

from cds.bone.anatomy import Point, VertebralLevel
from cds.bone.height_grade import Grade, grade_of
from cds.bone.tissue_sample import Tissue
from cds.ct.patient import PatientCheck, Sex
from cds.ct.reason import Reason

Category = Literal["osteoporosis-range", "low", "normal", "indeterminate"]
IntervalKind = Literal["two-sided", "upper-estimate"]
ContrastState = Literal["none", "enhanced", "unknown"]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelCalibration:
    """How HU became mg/cm3 at one level: where `Calibration` differs from level to level."""

    slope_hu_per_mg_cm3: float
    slope_sd_fraction: float
    offset_hu: float
    offset_sd_hu: float
    water_equivalent_diameter_cm: float
    slope_offset_correlation: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelMeasurement:
    """One vertebra: trabecular Hounsfield units and density, used for the result or not."""

    level: VertebralLevel
    hu: float
    hu_sd: float
    hu_sem: float
    """Standard error of `hu` from image noise and its correlation."""
    vbmd_mg_cm3: float
    ci95_mg_cm3: Interval
    centre_lps_mm: Point
    roi_cm3: float
    used: bool = False
    height_loss_percent: float | None = None
    flags: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    """Why this level was not used; empty when used."""
    calibration: LevelCalibration | None = None
    """None in records of earlier versions, which kept that of the first level used alone."""


@dataclass(frozen=True, slots=True)
class HeightLoss:
    """A vertebra that has lost a quarter of its height or more: look at the images, no diagnosis."""

    level: VertebralLevel
    percent: float

    @property
    def grade(self) -> Grade:
        """Genant's, of the loss to 0.1 % as it is told."""
        return grade_of(round(self.percent, 1))


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A series of the patient that does not make the result, and why."""

    series_uid: str
    reasons: tuple[Reason, ...]
    study_date: date | None = None
    """None also in records of earlier versions, which did not keep it."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Whether iodine is in the blood, and what the aorta reads."""

    state: ContrastState
    aorta_hu: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """Which CT was measured."""

    study_uid: str
    series_uid: str
    patient_id: str
    study_date: date | None
    scan_age_days: int | None
    kvp: float | None
    kernel: str | None
    slice_thickness_mm: float | None
    manufacturer: str | None
    model: str | None
    station_name: str | None = None
    """Which of several scanners of a model, like `device_serial_number`: one of them may have to be recalled."""
    device_serial_number: str | None = None
    patient_birth_date: date | None = None
    """As the images say, like `patient_sex`: later charts are held against them."""
    patient_sex: Sex | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TissueEvidence:
    """What a tissue of the patient reads, and what was expected of it."""

    tissue: Tissue
    hu: float
    sem_hu: float
    expected_hu: float
    hu_at_120_kvp: float
    """`hu` as it would be at 120 kVp and a usual size, for comparison with fixed ranges."""
    used: bool
    """Whether it entered offset and hardness; not where it reads what such a tissue cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TissueLine:
    """A calibration by a straight line through two tissues, for comparison only."""

    tissues: str
    """Such as "air+blood"."""
    slope_hu_per_mg_cm3: float
    offset_hu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How HU became mg/cm3 at the level that counts most (K2HPO4 basis)."""

    method: str
    scanner: Literal["site", "documented", "unknown"]
    slope_hu_per_mg_cm3: float
    slope_sd_fraction: float
    offset_hu: float
    offset_sd_hu: float
    water_equivalent_diameter_cm: float
    version: str
    source: str = ""
    """Where the facts about the scanner come from."""
    slope_offset_correlation: float = 0.0
    hardness: float = 0.0
    """Of the beam: 0 standard filtration, -1 light, +1 hard."""
    hardness_sd: float = 0.0
    apparent_hardness: float | None = None
    """What fat alone says, whatever was expected of the scanner; None without fat."""
    tissues: tuple[TissueEvidence, ...] = ()
    lines: tuple[TissueLine, ...] = ()

    def with_slope_error(self, sd_fraction: float) -> "Calibration":
        """The same with one more, independent, relative error of the slope."""
        total = hypot(self.slope_sd_fraction, sd_fraction)
        kept = self.slope_sd_fraction / total if total else 0.0
        correlation = self.slope_offset_correlation * kept
        return replace(self, slope_sd_fraction=total, slope_offset_correlation=correlation)

    @property
    def of_level(self) -> LevelCalibration:
        """What of it belongs to the level."""
        return LevelCalibration(**{each.name: getattr(self, each.name) for each in fields(LevelCalibration)})

    def at(self, level: LevelCalibration) -> "Calibration":
        """The same scan at another level."""
        return replace(self, **{each.name: getattr(level, each.name) for each in fields(LevelCalibration)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """What the value follows from besides the levels: kept so that a reader's correction follows by the same rules."""

    age_years: int | None
    """At the scan."""
    sex: Sex | None
    population: str | None
    """The norm that the site named, whether it gave a Z-score or not."""
    scan_flags: tuple[str, ...] = ()
    """Of the CT as a whole, whichever levels are used."""
    disputed_names: tuple[VertebralLevel, ...] = ()
    """Levels that were given other names too."""


@dataclass(frozen=True, slots=True)
class Software:
    """What measured it."""

    version: str
    model: str
    weights_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One CT of one patient, assessed or not assessable with reasons."""

    status: Literal["assessed", "not-assessable"]
    reasons: tuple[Reason, ...] = ()
    category: Category | None = None
    probability_osteoporosis_range: float | None = None
    vbmd_mg_cm3: float | None = None
    ci95_mg_cm3: Interval | None = None
    interval_kind: IntervalKind | None = None
    basis: Literal["K2HPO4"] = "K2HPO4"
    levels_used: tuple[VertebralLevel, ...] = ()
    z_score: float | None = None
    population: str | None = None
    levels: tuple[LevelMeasurement, ...] = ()
    height_losses: tuple[HeightLoss, ...] = ()
    """Of levels named with confidence, also of those that could not be measured."""
    numbering_confidence: float | None = None
    flags: tuple[str, ...] = ()
    contrast: Contrast = field(default=Contrast("unknown"))
    acquisition: Acquisition
    calibration: Calibration | None = None
    premises: Premises | None = None
    """None where there is no value, and in records of earlier versions."""
    patient_check: PatientCheck
    passed_over: tuple[PassedOver, ...] = ()
    """Tried before the one that was measured, or after the one whose reasons stand."""
    not_tried: tuple[PassedOver, ...] = ()
    """Left out by the choice of a series; none in records of earlier versions."""
    timing_s: Mapping[str, float] = field(default_factory=dict)
    software: Software

    @property
    def names_vertebrae(self) -> bool:
        """Whether it says anything of single vertebrae, so that a reader wants to see them; also without a value."""
        of_levels = any(reason.code.startswith("level-") for reason in self.reasons)
        return bool(self.levels or self.height_losses) or of_levels

    def __post_init__(self) -> None:
        """An assessed result has a value; a refused one has a reason and no value."""
        if self.status == "assessed" and (self.vbmd_mg_cm3 is None or self.ci95_mg_cm3 is None):
            msg = "an assessed result needs a value and its interval"
            raise ValueError(msg)
        if self.status == "not-assessable" and (not self.reasons or self.vbmd_mg_cm3 is not None):
            msg = "a result that is not assessable needs a reason and has no value"
            raise ValueError(msg)
