"""What a reader's form says, read once; whatever does not hold is None."""

from collections.abc import Mapping
from typing import Final, get_args

from cds.bone.anatomy import VertebralLevel
from cds.bone.corrected_column import Change, LeftOutWhy, Rename
from cds.ports import StoredResult
from cds.retraction import RetractionKind

LONGEST_REASON: Final = 500
_RENAMES: Final[Mapping[str, Rename]] = {"": 0, "0": 0, "1": 1, "-1": -1}


def reason_in(form: Mapping[str, str]) -> str | None:
    """In the reader's words; nobody reads a longer one, and NUL no database keeps."""
    reason = form.get("reason", "").strip()
    return reason if reason and len(reason) <= LONGEST_REASON and "\0" not in reason else None


def kind_in(form: Mapping[str, str]) -> RetractionKind | None:
    """What is wrong with a result that is rejected or retracted."""
    return next((each for each in get_args(RetractionKind) if each == form.get("kind")), None)


def change_in(form: Mapping[str, str]) -> Change | None:
    """Levels that are left out, as in `out-L2=fracture`, and `renamed`."""
    asked = {level: form.get(f"out-{level.value}", "") for level in VertebralLevel}
    left_out: list[tuple[VertebralLevel, LeftOutWhy]] = []
    for level, said in asked.items():
        why = next((each for each in get_args(LeftOutWhy) if each == said), None)
        if said and why is None:
            return None
        left_out += [] if why is None else [(level, why)]
    renamed = _RENAMES.get(form.get("renamed", ""))
    return None if renamed is None or not (left_out or renamed) else Change(tuple(left_out), renamed)


def seen(result: StoredResult) -> str:
    """Of the result as a page shows it: another one, and the reader decides about something else than they saw."""
    number = 0 if result.review is None else result.review.number
    return f"{result.measured_at:%Y%m%d%H%M%S%f}.{number}"
