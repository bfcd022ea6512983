"""One result, as its DICOM objects tell it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cds.bone.assessment import Assessment
from cds.bone.record import from_record, to_record
from cds.dicomweb.results.uids import ResultUids


@dataclass(frozen=True)
class ReportedResult:
    """A result under its id; `notice` stands on every object."""

    result_id: str
    assessment: Assessment
    measured_at: datetime
    """Aware; the same for every repeat."""
    notice: str
    remarks: tuple[str, ...] = ()
    """What else a person must read, such as who has corrected it."""

    def __post_init__(self) -> None:
        """Only what has a value goes into an archive."""
        if self.assessment.status != "assessed":
            raise ValueError("a CT that could not be assessed has no result to store")

    @cached_property
    def rounded(self) -> Assessment:
        """Its numbers as the record has them."""
        return from_record(to_record(self.assessment))

    @cached_property
    def uids(self) -> ResultUids:
        """UIDs of its objects."""
        return ResultUids(self.result_id)
