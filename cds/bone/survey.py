"""Measure the vertebrae that are needed, and leave out those that would mislead.

L1 and L2 make the result; L3 and T12 replace them and show whether one of them deviates. T11 to T7
are measured only where none of these four can be used, or where every level is asked for. A body whose
outline is in doubt is shown with what it reads and why it is not used.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from cds.bone.anatomy import MaskGrid, Spine, VertebralLevel
from cds.bone.assessment import ContrastState, HeightLoss, LevelMeasurement
from cds.bone.density import LevelDensity, difference_from_others
from cds.bone.gates import GATES
from cds.bone.height_grade import grade_of
from cds.bone.level_conversion import CONVERSIONS, SUBSTITUTES, TARGET, THORACIC, LevelChoice
from cds.bone.measured_level import Calibrator, MeasuredLevel, measure_level
from cds.bone.outlined_body import OutlinedBody, UnmeasuredBody
from cds.bone.outlined_column import OutlinedColumn, outlined_column
from cds.bone.roi import TrabecularRoi
from cds.bone.roi_voxels import VoxelIndices
from cds.ct.reason import Reason, because
from cds.ct.volume import CtVolume

FIRST: Final = frozenset((*TARGET, *SUBSTITUTES))
FALLBACK: Final = frozenset(THORACIC)

FEWEST_TO_COMPARE: Final = 3
"""An outlier shows only where two others remain."""

HEIGHT_LOSS_FLAGS: Final = frozenset({"height-loss-mild", "height-loss-moderate", "height-loss-severe"})
VERDICT_FLAGS: Final = HEIGHT_LOSS_FLAGS | {"focal-low", GATES["outlier"].flag}
"""Flags that are judged once all levels are measured; the others belong to the measurement of one."""

Measured = Mapping[VertebralLevel, MeasuredLevel]
Doubts = Mapping[VertebralLevel, tuple[Reason, ...]]
NO_DOUBTS: Final[Doubts] = {}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a measured level is left out (kept where there is no reason), and what to say about it."""

    reasons: tuple[Reason, ...] = ()
    flags: tuple[str, ...] = ()
    in_doubt: bool = False
    """The outline itself may be wrong."""


@dataclass(frozen=True)
class Survey:
    """Every level that was looked at."""

    measured: Measured
    verdicts: Mapping[VertebralLevel, Verdict]
    refused: Mapping[VertebralLevel, tuple[Reason, ...]]
    refused_losses: Mapping[VertebralLevel, float] = field(default_factory=dict)
    """Loss of height in percent, where a body that could not be measured shows it."""
    turned: tuple[Reason, ...] = ()
    """Why nothing was looked at: the patient lies otherwise than the images say."""

    @cached_property
    def usable(self) -> frozenset[VertebralLevel]:
        """Levels that can enter the result."""
        return frozenset(level for level in self.measured if level in CONVERSIONS and not self.verdicts[level].reasons)

    @cached_property
    def densities(self) -> Mapping[VertebralLevel, LevelDensity]:
        """Density by level."""
        return {level: each.density for level, each in self.measured.items()}

    @property
    def rois(self) -> Mapping[VertebralLevel, VoxelIndices]:
        """The voxels that were measured, by level."""
        return {level: each.roi.voxel_indices for level, each in self.measured.items()}

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why levels could not be used, each sentence with the level's name, cranial to caudal."""
        found = {**self.refused, **{level: verdict.reasons for level, verdict in self.verdicts.items()}}
        return tuple(
            Reason(reason.code, f"{level}: {reason.text}")
            for level in VertebralLevel
            for reason in found.get(level, ())
        )

    @property
    def height_losses(self) -> tuple[HeightLoss, ...]:
        """Bodies that lost a quarter of their height or more, measured or not, cranial to caudal.

        Not those whose outline is in doubt.
        """
        measured = {
            level: each.roi.height_loss_percent
            for level, each in self.measured.items()
            if not self.verdicts[level].in_doubt
        }
        known = {**measured, **self.refused_losses}
        return tuple(
            HeightLoss(level, loss)
            for level in VertebralLevel
            if (loss := known.get(level)) is not None and GATES["height"].refuses(loss)
        )

    def reports(self, choice: LevelChoice | None, contrast: ContrastState) -> tuple[LevelMeasurement, ...]:
        """The measured levels as the assessment shows them, cranial to caudal."""
        used = () if choice is None else choice.levels
        return tuple(
            self._report(level, contrast, used=level in used) for level in VertebralLevel if level in self.measured
        )

    def flags(self, choice: LevelChoice) -> tuple[str, ...]:
        """What the levels add to the flags of the result: of those used, and of those found deviating."""
        found: list[str] = []
        for level in VertebralLevel:
            if level in choice.levels:
                found += self.measured[level].flags
            if level in choice.levels or (level in self.verdicts and self.verdicts[level].reasons):
                found += self.verdicts[level].flags
        return tuple(found)

    def _report(self, level: VertebralLevel, contrast: ContrastState, *, used: bool) -> LevelMeasurement:
        verdict = self.verdicts[level]
        idle = () if used or verdict.reasons else (because("level-not-needed"),)
        reasons = (*verdict.reasons, *idle)
        return self.measured[level].report(used=used, contrast=contrast, flags=verdict.flags, reasons=reasons)


def survey_levels(
    volume: CtVolume, spine: Spine, calibrator: Calibrator, *, keep_out: MaskGrid | None, all_levels: bool
) -> Survey:
    """Measure what is needed, or everything. `keep_out`: dense blood."""
    column = outlined_column(volume, spine)
    if column.turned:
        return Survey({}, {}, {}, turned=column.turned)

    def measure(body: OutlinedBody) -> MeasuredLevel | UnmeasuredBody:
        return measure_level(volume, body, calibrator, keep_out=keep_out, muscle=spine.paraspinal_muscle)

    survey = _survey(column, measure, frozenset(VertebralLevel) if all_levels else FIRST)
    if survey.usable or all_levels:
        return survey
    fallback = _survey(column, measure, FALLBACK)
    return Survey(
        {**survey.measured, **fallback.measured},
        {**survey.verdicts, **fallback.verdicts},
        {**survey.refused, **fallback.refused},
        {**survey.refused_losses, **fallback.refused_losses},
    )


def _survey(
    column: OutlinedColumn,
    measure: Callable[[OutlinedBody], MeasuredLevel | UnmeasuredBody],
    wanted: Collection[VertebralLevel],
) -> Survey:
    measured: dict[VertebralLevel, MeasuredLevel] = {}
    refused = {level: reasons for level, reasons in column.refused.items() if level in wanted}
    losses: dict[VertebralLevel, float] = {}
    for level, body in column.bodies.items():
        if level not in wanted:
            continue
        found = measure(body)
        if isinstance(found, UnmeasuredBody):
            refused[level] = (*column.doubts.get(level, ()), *found.reasons)
            if found.height_loss_percent is not None and level not in column.doubts:
                losses[level] = found.height_loss_percent
        else:
            measured[level] = found
    return Survey(measured, judge(measured, column.doubts), refused, losses)


def judge(measured: Measured, doubts: Doubts = NO_DOUBTS) -> dict[VertebralLevel, Verdict]:
    """Doubtful and fractured levels go first, then the comparable one that deviates most, until none does."""
    verdicts = {level: _by_outline(doubts.get(level, ()), each.roi) for level, each in measured.items()}
    return compared({level: each.density for level, each in measured.items()}, verdicts)


def compared(
    densities: Mapping[VertebralLevel, LevelDensity], verdicts: Mapping[VertebralLevel, Verdict]
) -> dict[VertebralLevel, Verdict]:
    """The verdicts, with what levels that nothing else speaks against say of each other."""
    said = dict(verdicts)
    for group in (FIRST, FALLBACK):
        _compare({level: densities[level] for level in densities if level in group and not said[level].reasons}, said)
    return said


def _by_outline(doubts: tuple[Reason, ...], roi: TrabecularRoi) -> Verdict:
    """A compressed vertebra reads too dense; where slices are too thick, nothing can be said of its height."""
    loss = roi.height_loss_percent
    if doubts or loss is None:
        return Verdict(doubts, in_doubt=bool(doubts))
    reasons = (because("level-fracture", loss_percent=loss),) if GATES["height"].refuses(loss) else ()
    grade = grade_of(loss)
    return Verdict(reasons, () if grade == "none" else (f"height-loss-{grade}",))


def _compare(remaining: dict[VertebralLevel, LevelDensity], verdicts: dict[VertebralLevel, Verdict]) -> None:
    """Take outliers out of `remaining` and say so in `verdicts`; flag what is merely uneven."""
    while len(remaining) >= FEWEST_TO_COMPARE:
        differences = _differences(remaining)
        worst = max(differences, key=lambda level: abs(differences[level]))
        if not GATES["outlier"].refuses(differences[worst]):
            break
        reason = because("level-outlier", difference_mg_cm3=differences[worst])
        low = ("focal-low",) if differences[worst] < 0 else ()
        verdicts[worst] = Verdict((reason,), (*verdicts[worst].flags, *low))
        del remaining[worst]
    if len(remaining) > 1:
        for level, difference in _differences(remaining).items():
            flags = (*verdicts[level].flags, *GATES["outlier"].flags(difference))
            verdicts[level] = replace(verdicts[level], flags=flags)


def _differences(densities: Mapping[VertebralLevel, LevelDensity]) -> dict[VertebralLevel, float]:
    return {
        level: difference_from_others(density, [other for name, other in densities.items() if name != level])
        for level, density in densities.items()
    }
