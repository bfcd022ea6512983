"""What a reader may correct in a result, and what follows: the value computed anew from the stored levels.

left out   levels that the reader sees fractured, wrongly outlined, or holding something else than trabecular bone
renamed    all levels one up or one down, where the names are off by one

Outliers, choice of levels, conversion, interval, category, probability and flags follow by the rules that the
measurement followed. Where the record does not hold what that takes, there is no correction: a value that is not
our measurement is not made up. What the gates said of outlines, heights and tissues stands as it was measured.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Assessment, HeightLoss, LevelMeasurement, Premises
from cds.bone.corrected_column import JUDGED_AGAIN, ORDER, Change, CorrectedColumn, corrected_column, renamed
from cds.bone.level_conversion import SUBSTITUTES, TARGET, LevelChoice, choose_levels
from cds.bone.numbering import may_be_off
from cds.bone.valuation import ChosenLevels, with_value
from cds.ct.reason import Reason

WHY_NOT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "no-value": "There is no value that could be corrected.",
        "not-kept": "The version that measured it did not keep what it takes to compute the value anew.",
        "not-measured": "A vertebra that is to be left out was not measured, or is left out already.",
        "nothing-left": "No vertebra would be left to compute a value from.",
        "not-looked-at": "Vertebrae that would count under their new names were not looked at in this measurement.",
        "changes-nothing": "The result would stay as it is.",
    }
)
"""Every reason for which there is no correction, and what people read."""


@dataclass(frozen=True, slots=True)
class Uncorrectable:
    """Why the value cannot be computed anew: a code of `WHY_NOT`."""

    code: str


def may_be_left_out(measured: Assessment) -> tuple[VertebralLevel, ...]:
    """Levels that count, or could."""
    return tuple(each.level for each in measured.levels if not {reason.code for reason in each.reasons} - JUDGED_AGAIN)


def corrected(measured: Assessment, change: Change) -> Assessment | Uncorrectable:
    """The result as it is with the change. `measured`: as the software measured it, without any correction."""
    if measured.status != "assessed":
        return Uncorrectable("no-value")
    if measured.premises is None or any(each.calibration is None for each in measured.levels):
        return Uncorrectable("not-kept")
    if not {level for level, _ in change.left_out} <= set(may_be_left_out(measured)):
        return Uncorrectable("not-measured")
    column = corrected_column(measured, change)
    choice = None if column is None else choose_levels(column.usable)
    if column is None or (choice is not None and change.renamed and not _all_seen(choice, measured, change)):
        return Uncorrectable("not-looked-at")
    if choice is None:
        return Uncorrectable("nothing-left")
    told = _valued(measured, measured.premises, _Corrected(change, column, choice))
    same = (told.levels_used, told.height_losses) == (measured.levels_used, measured.height_losses)
    return Uncorrectable("changes-nothing") if same and not change.renamed else told


@dataclass(frozen=True, slots=True)
class _Corrected:
    """What the reader changed, and which levels count then."""

    change: Change
    column: CorrectedColumn
    choice: LevelChoice


def _valued(measured: Assessment, premises: Premises, now: _Corrected) -> Assessment:
    renamed_by, choice, column = now.change.renamed, now.choice, now.column
    if renamed_by:  # a reader has given the names: none is in doubt any more
        measured = replace(measured, numbering_confidence=None)
        premises = replace(premises, disputed_names=())
    chosen = ChosenLevels(
        choice,
        column.densities,
        column.calibration(measured, choice),
        column.flags(choice),
        _reasons(measured, column, renamed_by),
        ambiguous=not renamed_by and _may_be_off(measured, premises, choice.levels),
    )
    surveyed = replace(measured, levels=column.reports(choice), height_losses=_height_losses(measured, premises, now))
    return with_value(surveyed, chosen, premises)


def _may_be_off(measured: Assessment, premises: Premises, levels: Collection[VertebralLevel]) -> bool:
    return may_be_off(measured.numbering_confidence or 0.0, premises.disputed_names, levels)


def _all_seen(choice: LevelChoice, measured: Assessment, change: Change) -> bool:
    """Whether every level that the rule prefers to those chosen was looked at, under its old name."""
    order: tuple[VertebralLevel, ...] = (*TARGET, *SUBSTITUTES)
    if len(choice.levels) == len(TARGET) and set(choice.levels) <= set(order):
        order = order[: 1 + max(order.index(level) for level in choice.levels)]
    seen = {renamed(level, change.renamed) for level in _looked_at(measured)}
    return seen.issuperset(order)


def _looked_at(measured: Assessment) -> frozenset[VertebralLevel]:
    refused = (level for level, _ in map(_of_level, measured.reasons) if level is not None)
    return frozenset((*(each.level for each in measured.levels), *refused))


def _of_level(reason: Reason) -> tuple[VertebralLevel | None, str]:
    """A reason of the assessment begins with the level that it is of, as in "L2: ..."."""
    name, colon, sentence = reason.text.partition(": ")
    return (VertebralLevel(name), sentence) if colon and name in set(VertebralLevel) else (None, reason.text)


def _reasons(measured: Assessment, column: CorrectedColumn, by: int) -> tuple[Reason, ...]:
    """Of levels that could not be measured, as they were told, and of those measured; cranial to caudal."""
    found: list[tuple[VertebralLevel, Reason]] = [
        (level, reason) for level, verdict in column.verdicts.items() for reason in verdict.reasons
    ]
    measured_once = {each.level for each in measured.levels}
    for reason in measured.reasons:
        level, sentence = _of_level(reason)
        name = None if level is None or level in measured_once else renamed(level, by)
        found += [] if name is None else [(name, Reason(reason.code, sentence))]
    return tuple(
        Reason(reason.code, f"{level}: {reason.text}")
        for level, reason in sorted(found, key=lambda each: ORDER.index(each[0]))
    )


def _height_losses(measured: Assessment, premises: Premises, now: _Corrected) -> tuple[HeightLoss, ...]:
    """As they were told, under the new names; a reader who gives the names also names those that were in doubt."""
    change = now.change
    wrong = {renamed(level, change.renamed) for level, why in change.left_out if why == "outline"}
    known = {renamed(each.level, change.renamed): each.percent for each in measured.height_losses}
    if change.renamed:
        known |= _lost(now.column.levels)
    return tuple(
        HeightLoss(level, known[level])
        for level in ORDER
        if level in known
        and level not in wrong
        and (change.renamed or not _may_be_off(measured, premises, (*now.choice.levels, level)))
    )


def _lost(levels: Sequence[LevelMeasurement]) -> dict[VertebralLevel | None, float]:
    """Of outlines that are not in doubt."""
    return {
        each.level: each.height_loss_percent
        for each in levels
        if each.height_loss_percent is not None and any(reason.code == "level-fracture" for reason in each.reasons)
    }
