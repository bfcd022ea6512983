"""The measured vertebrae as a reader sees them: some left out, all renamed, and judged again beside each other."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Assessment, Calibration, LevelMeasurement
from cds.bone.density import LevelDensity, density_at
from cds.bone.level_conversion import CONVERSIONS, LevelChoice
from cds.bone.survey import HEIGHT_LOSS_FLAGS, VERDICT_FLAGS, Verdict, compared
from cds.ct.reason import because

LeftOutWhy = Literal["fracture", "outline", "lesion"]
Rename = Literal[-1, 0, 1]

_READ: Final[Mapping[LeftOutWhy, str]] = MappingProxyType(
    {"fracture": "level-fracture-read", "outline": "level-outline-read", "lesion": "level-lesion-read"}
)
JUDGED_AGAIN: Final = frozenset({"level-outlier", "level-not-needed"})
"""Codes of reasons that depend on which other levels there are."""
ORDER: Final = list(VertebralLevel)


@dataclass(frozen=True, slots=True)
class Change:
    """What a reader changes; levels by the names that they were measured under."""

    left_out: tuple[tuple[VertebralLevel, LeftOutWhy], ...] = ()
    renamed: Rename = 0
    """1: what was named L1 is L2."""

    def __post_init__(self) -> None:
        """Something, and each level once."""
        named = [level for level, _ in self.left_out]
        if not (named or self.renamed) or len(set(named)) < len(named):
            msg = "a correction leaves levels out, each once, or renames them"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class CorrectedColumn:
    """The measured levels under the names that the reader gives them."""

    levels: tuple[LevelMeasurement, ...]
    densities: Mapping[VertebralLevel, LevelDensity]
    verdicts: Mapping[VertebralLevel, Verdict]

    @property
    def usable(self) -> frozenset[VertebralLevel]:
        """Levels that can enter the result."""
        return frozenset(level for level in self.densities if level in CONVERSIONS and not self.verdicts[level].reasons)

    def flags(self, choice: LevelChoice) -> tuple[str, ...]:
        """As `Survey.flags` has them."""
        found: list[str] = []
        for each in self.levels:
            verdict = self.verdicts[each.level]
            found += _own_flags(each) if each.level in choice.levels else ()
            found += verdict.flags if each.level in choice.levels or verdict.reasons else ()
        return tuple(found)

    def reports(self, choice: LevelChoice) -> tuple[LevelMeasurement, ...]:
        """As `Survey.reports` has them."""
        return tuple(self._report(each, used=each.level in choice.levels) for each in self.levels)

    def calibration(self, measured: Assessment, choice: LevelChoice) -> Calibration | None:
        """That of the scan, at the first level that counts."""
        first = next(each.calibration for each in self.levels if each.level == choice.levels[0])
        return measured.calibration if first is None or measured.calibration is None else measured.calibration.at(first)

    def _report(self, level: LevelMeasurement, *, used: bool) -> LevelMeasurement:
        verdict = self.verdicts[level.level]
        idle = () if used or verdict.reasons else (because("level-not-needed"),)
        flags = (*_own_flags(level), *verdict.flags)
        return replace(level, used=used, flags=flags, reasons=(*verdict.reasons, *idle))


def corrected_column(measured: Assessment, change: Change) -> CorrectedColumn | None:
    """Judged again: outliers with what the reader says. None where a level has no name any more."""
    levels, densities, verdicts = [], {}, {}
    left_out = dict(change.left_out)
    for each in measured.levels:
        name = renamed(each.level, change.renamed)
        if name is None or each.calibration is None:
            return None
        levels.append(replace(each, level=name))
        densities[name] = density_at(name, each.vbmd_mg_cm3, each.hu_sem, each.calibration)
        verdicts[name] = _verdict(each, left_out.get(each.level))
    return CorrectedColumn(tuple(levels), densities, compared(densities, verdicts))


def _verdict(level: LevelMeasurement, why: LeftOutWhy | None) -> Verdict:
    """Where the outline is wrong, nothing is known of the height either."""
    kept = tuple(reason for reason in level.reasons if reason.code not in JUDGED_AGAIN)
    reasons = kept if why is None else (*kept, because(_READ[why]))
    flags = () if why == "outline" else tuple(flag for flag in level.flags if flag in HEIGHT_LOSS_FLAGS)
    return Verdict(reasons, flags)


def _own_flags(level: LevelMeasurement) -> tuple[str, ...]:
    return tuple(flag for flag in level.flags if flag not in VERDICT_FLAGS)


def renamed(level: VertebralLevel, by: int) -> VertebralLevel | None:
    """None beyond the ends of the spine."""
    place = ORDER.index(level) + by
    return ORDER[place] if 0 <= place < len(ORDER) else None
