"""A reader's correction of a stored result: who, when, why, what, and how it was measured before."""

from dataclasses import dataclass
from datetime import datetime

from cds.bone.assessment import Assessment
from cds.bone.corrected_column import Change
from cds.bone.correction import WHY_NOT
from cds.errors import OsteocdsError

_RENAMED = {-1: "every vertebra named one level higher", 1: "every vertebra named one level lower"}


@dataclass(frozen=True, slots=True)
class Correction:
    """Holds until the next one; each begins anew from what the software measured."""

    change: Change
    reader: str
    reason: str
    """In the reader's words; clinicians read them."""
    at: datetime
    number: int
    """Of the review that it is."""
    measured: Assessment
    """As the software measured it."""
    generation: str
    """Model and calibration versions that measured it."""
    reader_name: str | None = None
    """What the EHR calls the reader; `reader` alone says who it is."""

    def __post_init__(self) -> None:
        """Nobody unnamed corrects, and nothing is corrected without a reason."""
        if not self.reader.strip() or not self.reason.strip():
            msg = "a correction needs a named reader and the reason"
            raise ValueError(msg)

    @property
    def reader_shown(self) -> str:
        """What people read."""
        return self.reader_name or self.reader

    @property
    def what(self) -> str:
        """Such as "L2 left out (fracture)"."""
        return change_words(self.change)


class CorrectionImpossible(OsteocdsError):
    """The value cannot be computed anew from what was stored; the result can still be rejected or retracted."""

    def __init__(self, code: str) -> None:
        super().__init__(WHY_NOT[code])
        self.code = code


def change_words(change: Change) -> str:
    """Such as "L1 left out (outline), L2 left out (fracture)"."""
    left_out = [f"{level.value} left out ({why})" for level, why in change.left_out]
    return ", ".join([*left_out, *([_RENAMED[change.renamed]] if change.renamed else [])])
