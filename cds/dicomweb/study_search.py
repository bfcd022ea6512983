"""QIDO-RS: which studies with CT an archive has of some days (PS3.18 10.6), however it pages.

pages by limit and offset, until one brings nothing
a second page that repeats the first -> the archive ignores `offset`; then an answer is complete only where it is
    smaller than any cap, or smaller than another answer of this archive
a page that repeats in part          -> the archive has no fixed order: ties move between pages
    in either case what may be incomplete is halved and asked again: days first, then hours, down to a minute
a minute that still does not fit is told as `ArchiveUnavailable`: nothing is silently left out
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from dicomweb_client.web import DICOMwebClient

from cds.dicomweb.attributes import Attributes, JsonAttributes, day, first_text, whole
from cds.dicomweb.dataset import patient_of
from cds.errors import ArchiveUnavailable
from cds.study import ListedStudy

PAGE: Final = 200
SMALLEST_CAP: Final = 10
"""No archive gives fewer studies at once than this, if it has more."""
_FIELDS: Final = (
    *("PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "NumberOfStudyRelatedInstances"),
)
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)


class _DoesNotFit(Exception):
    """The archive does not give all of a range in pages."""


@dataclass(slots=True)
class StudySearch:
    """One kind of question, asked politely."""

    client: DICOMwebClient
    before_request: Callable[[], None]
    patient_id: str | None = None
    _largest: int = field(default=0, init=False)
    """Of the answers so far."""

    def between(self, first: date, last: date) -> Iterator[ListedStudy]:
        """Every study of these days, both included, each once."""
        begin, end = datetime.combine(first, datetime.min.time()), datetime.combine(last, datetime.min.time()) + _DAY
        found: dict[str, ListedStudy] = {}
        self._into(found, begin, end)
        yield from found.values()

    def _into(self, found: dict[str, ListedStudy], begin: datetime, end: datetime) -> None:
        """Collect what was studied from `begin` until before `end`; later moments come first."""
        try:
            for study in self._pages(begin, end):
                found.setdefault(study.study_uid, study)
        except _DoesNotFit:
            middle = _middle(begin, end)
            if middle is None:
                raise ArchiveUnavailable(
                    f"the archive gives no more than {PAGE} studies at once and has more of one minute on "
                    f"{begin:%Y-%m-%d}: raise the limit of its QIDO answers"
                ) from None
            self._into(found, middle, end)
            self._into(found, begin, middle)

    def _pages(self, begin: datetime, end: datetime) -> Iterator[ListedStudy]:
        seen: set[str] = set()
        while True:
            self.before_request()
            answer = self.client.search_for_studies(
                search_filters=self._filters(begin, end), fields=_FIELDS, limit=PAGE, offset=len(seen) or None
            )
            page = [study for each in answer if (study := _listed(JsonAttributes(each))) is not None]
            yield from (study for study in page if study.study_uid not in seen)
            uids = {study.study_uid for study in page}
            if not page or (uids == seen and len(uids) < max(SMALLEST_CAP, self._largest)):
                return
            if uids & seen or len(uids) < len(page):
                raise _DoesNotFit
            self._largest = max(self._largest, len(uids))
            seen |= uids

    def _filters(self, begin: datetime, end: datetime) -> dict[str, str]:
        """Days as a range of StudyDate, parts of one day by StudyTime."""
        last = end - _MINUTE
        filters = {"ModalitiesInStudy": "CT", "StudyDate": f"{begin:%Y%m%d}-{last:%Y%m%d}"}
        if begin.date() == last.date():
            filters["StudyDate"] = f"{begin:%Y%m%d}"
            if end - begin < _DAY:
                filters["StudyTime"] = f"{begin:%H%M}00-{last:%H%M}59.999999"
        if self.patient_id is not None:
            filters["PatientID"] = self.patient_id
        return filters


def _middle(begin: datetime, end: datetime) -> datetime | None:
    """Where to halve: at midnight while there are several days, then at a minute; None if that is too fine."""
    if end - begin > _DAY:
        return begin + ((end - begin) // 2 // _DAY or 1) * _DAY
    half = (end - begin) // 2 // _MINUTE * _MINUTE
    return begin + half if half else None


def _listed(study: Attributes) -> ListedStudy | None:
    """None for an answer without a study UID, which cannot be told from others."""
    uid = first_text(study, "StudyInstanceUID")
    if uid is None:
        return None
    return ListedStudy(uid, day(study, "StudyDate"), patient_of(study), whole(study, "NumberOfStudyRelatedInstances"))
