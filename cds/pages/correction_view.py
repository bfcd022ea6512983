"""What was corrected in a result, in sentences; and what a reader may correct, each with what would follow."""

from dataclasses import dataclass

from cds.bone import words
from cds.bone.assessment import Assessment
from cds.bone.corrected_column import Change, Rename
from cds.bone.correction import WHY_NOT, Uncorrectable, corrected, may_be_left_out
from cds.correction import Correction
from cds.pages.language import Wording
from cds.ports import StoredResult


@dataclass(frozen=True, slots=True)
class LevelOption:
    """A vertebra that may be left out, and the result without it."""

    level: str
    follows: str


@dataclass(frozen=True, slots=True)
class RenameOption:
    """Other names for all vertebrae, and the result under them."""

    renamed: Rename
    text: str


@dataclass(frozen=True, slots=True)
class CorrectionForm:
    """What the form offers; `impossible` says why it offers nothing."""

    levels: tuple[LevelOption, ...] = ()
    renames: tuple[RenameOption, ...] = ()
    impossible: str = ""


def correction_form(result: StoredResult, wording: Wording) -> CorrectionForm:
    """Every correction begins from what the software measured, whatever was corrected before."""
    measured = result.measured
    levels = may_be_left_out(measured) if measured.status == "assessed" else ()
    tried = [(level, corrected(measured, Change(((level, "fracture"),)))) for level in levels]
    codes = {told.code for _, told in tried if isinstance(told, Uncorrectable)}
    if not tried or "not-kept" in codes:
        return CorrectionForm(impossible=wording.say(WHY_NOT["not-kept" if codes else "no-value"]))
    return CorrectionForm(
        levels=tuple(LevelOption(level.value, _follows(told, wording)) for level, told in tried),
        renames=(*_rename(measured, 1, wording), *_rename(measured, -1, wording)),
    )


def _rename(measured: Assessment, by: Rename, wording: Wording) -> tuple[RenameOption, ...]:
    """Nothing where the names cannot be changed honestly: the retraction is there for that."""
    told = corrected(measured, Change(renamed=by))
    if isinstance(told, Uncorrectable):
        return ()
    follows = _follows(told, wording)
    say = wording.say
    text = say("L1 is L2, and so on: {follows}", follows=follows)
    return (RenameOption(by, text if by == 1 else say("L1 is T12, and so on: {follows}", follows=follows)),)


def _follows(told: Assessment | Uncorrectable, wording: Wording) -> str:
    """The result in a few words."""
    if isinstance(told, Uncorrectable):
        return wording.say(WHY_NOT[told.code])
    return wording.say(
        "{value} mg/cm3 ({interval}) from {levels}",
        value=words.mg_words(told.vbmd_mg_cm3 or 0.0),
        interval=words.interval_words(told.ci95_mg_cm3 or (0.0, 0.0)),
        levels=words.levels_words(told.levels_used),
    )


def corrections_said(result: StoredResult, wording: Wording) -> tuple[str, ...]:
    """Who corrected it, when, what and why, what was measured before, and whether that was another measurement."""
    said = []
    if result.correction is not None:
        follows = _follows(result.measured, wording)
        said += [
            _corrected(result.correction, wording),
            wording.say("Before, as software measured it: {was}.", was=follows),
        ]
    if result.corrected_before is not None:
        said += [
            wording.say("An earlier measurement of this CT was corrected; this one, by a newer version, was not:"),
            _corrected(result.corrected_before, wording),
        ]
    return tuple(said)


def _corrected(correction: Correction, wording: Wording) -> str:
    return wording.say(
        "{reader} corrected it on {day}: {what}. {reason}",
        reader=correction.reader_shown,
        day=wording.day(correction.at.date()),
        what=_what(correction.change, wording),
        reason=correction.reason,
    )


def _what(change: Change, wording: Wording) -> str:
    say = wording.say
    why = {"fracture": say("fracture"), "outline": say("wrong outline"), "lesion": say("other than trabecular bone")}
    left_out = [
        say("{level} left out ({why})", level=level.value, why=why[reason]) for level, reason in change.left_out
    ]
    names = {
        1: [say("every vertebra named one level lower")],
        -1: [say("every vertebra named one level higher")],
        0: [],
    }
    return "; ".join([*left_out, *names[change.renamed]])
