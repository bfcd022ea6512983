"""The patient's value from the levels that were chosen, and all that qualifies it.

The same for what was just measured and for what a reader corrects later: hence from densities and `Premises`, not from
images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Assessment, Calibration, Premises
from cds.bone.density import LevelDensity
from cds.bone.level_conversion import LevelChoice
from cds.bone.patient import patient_result
from cds.ct.reason import Reason


@dataclass(frozen=True, slots=True)
class ChosenLevels:
    """What the value is made of."""

    choice: LevelChoice
    densities: Mapping[VertebralLevel, LevelDensity]
    calibration: Calibration | None
    """At the first of them."""
    flags: tuple[str, ...]
    """What the levels add to the flags of the result."""
    reasons: tuple[Reason, ...]
    """Why others were not chosen."""
    ambiguous: bool
    """Their names may be off by one."""


def with_value(surveyed: Assessment, chosen: ChosenLevels, premises: Premises) -> Assessment:
    """The assessment with the patient's value; the rest of `surveyed` stays."""
    contrast, calibration = surveyed.contrast.state, chosen.calibration
    result = patient_result(
        chosen.densities, chosen.choice, contrast=contrast, ambiguous=chosen.ambiguous, premises=premises
    )
    flags = (
        *result.flags,
        *(("scanner-not-calibrated",) if calibration is None or calibration.scanner == "unknown" else ()),
        *(("level-ambiguous",) if chosen.ambiguous else ()),
        *premises.scan_flags,
        *chosen.flags,
    )
    return replace(
        surveyed,
        status="assessed",
        reasons=chosen.reasons,
        category=result.category,
        probability_osteoporosis_range=result.probability_osteoporosis_range,
        vbmd_mg_cm3=result.vbmd_mg_cm3,
        ci95_mg_cm3=result.ci95_mg_cm3,
        interval_kind=result.interval_kind,
        levels_used=chosen.choice.levels,
        z_score=result.z_score,
        population=premises.population if result.z_score is not None else None,
        flags=unique(flags),
        calibration=calibration,
        premises=premises,
    )


def unique(flags: Sequence[str]) -> tuple[str, ...]:
    """Each once, in their order."""
    return tuple(dict.fromkeys(flags))
