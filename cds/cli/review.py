"""`osteocds review RESULT --reader NAME ...`: a named reader accepts, corrects or rejects a result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import typer

from cds.bone.anatomy import VertebralLevel
from cds.bone.corrected_column import Change, LeftOutWhy, Rename
from cds.bone.words import levels_words, mg_words
from cds.cli.configuration import read_settings
from cds.correction import CorrectionImpossible
from cds.errors import InputUnusable
from cds.ports import StoredResult
from cds.reader import Reader
from cds.reporting.reading import status_of
from cds.wiring.reviewing import open_correcting, open_reviewing


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """What the reader says."""

    result_id: str
    reader: str
    accept: bool = False
    reject: str | None = None
    """The reason."""
    leave_out: Sequence[str] = ()
    """Such as "L2=fracture"."""
    rename: Rename = 0
    because: str | None = None
    """The reason of a correction."""


def run_review(request: ReviewRequest) -> None:
    """Store the decision and say what the result is now; raises `InputUnusable` where none or several were given."""
    corrects = bool(request.leave_out or request.rename)
    if [request.accept, request.reject is not None, corrects].count(True) != 1:
        raise InputUnusable("say one of --accept, --reject REASON, or a correction (--leave-out, --rename)")
    if not request.reader.strip() or (request.reject is not None and not request.reject.strip()):
        raise InputUnusable("a review needs the name of the reader, a rejection its reason")
    if corrects != bool(request.because and request.because.strip()):
        raise InputUnusable("a correction needs its reason, and only a correction has one: --because REASON")
    result = _corrected(request) if corrects else _reviewed(request)
    decision = "" if result.review is None else result.review.decision
    typer.echo(f"{result.result_id}: {decision} by {request.reader.strip()}, now {status_of(result)}{_value(result)}")


def _reviewed(request: ReviewRequest) -> StoredResult:
    with open_reviewing(read_settings()) as reviewing:
        reader, reason = Reader(request.reader.strip()), None if request.reject is None else request.reject.strip()
        return reviewing.review(request.result_id, reader, "accepted" if reason is None else "rejected", reason)


def _corrected(request: ReviewRequest) -> StoredResult:
    left_out = tuple(map(_left_out, request.leave_out))
    if len({level for level, _ in left_out}) < len(left_out):
        raise InputUnusable("--leave-out: each vertebra once")
    change, reason = Change(left_out, request.rename), (request.because or "").strip()
    with open_correcting(read_settings()) as correcting:
        try:
            return correcting.correct(request.result_id, Reader(request.reader.strip()), change, reason)
        except CorrectionImpossible as fault:
            raise InputUnusable(f"{fault} Nothing was changed; reject or retract it instead.") from None


def _left_out(text: str) -> tuple[VertebralLevel, LeftOutWhy]:
    name, _, said = text.partition("=")
    why = next((each for each in get_args(LeftOutWhy) if each == said), None)
    if name not in set(VertebralLevel) or why is None:
        raise InputUnusable(f"--leave-out {text!r}: say a vertebra and why, as in L2=fracture, L2=outline, L2=lesion")
    return VertebralLevel(name), why


def _value(result: StoredResult) -> str:
    if result.correction is None or result.assessment.vbmd_mg_cm3 is None:
        return ""
    return f": {mg_words(result.assessment.vbmd_mg_cm3)} mg/cm3 from {levels_words(result.assessment.levels_used)}"
