"""`osteocds assess --report --png`: the page behind a card's link, and its pictures, as files."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cds.bone.assessment import Assessment
from cds.bone.measured_ct import Measured
from cds.ct.patient import IdentifierRefused, PatientIdentity, PatientKey
from cds.pages.language import preferred
from cds.pages.report_document import Illustrated, ReportDocuments
from cds.picture import Picture
from cds.pictures.illustrator import SpineIllustrator
from cds.ports import StoredResult


def pictures_of(measured: Measured) -> Sequence[Picture]:
    """None of a CT of which no vertebra is told."""
    return () if measured.ct is None else SpineIllustrator().draw(measured.ct, measured.assessment.levels_used)


def report_of(assessment: Assessment, pictures: Sequence[Picture], notice: str, language: str | None) -> str:
    """The page as one HTML file; without a trend, since a folder has one CT."""
    now = datetime.now(UTC)
    result = StoredResult("", _as_imaged(assessment), assessment, measured_at=now, confirmed_at=now, generation="")
    shown = Illustrated(result, pictures=pictures, standing="drawn" if pictures else "none")
    return ReportDocuments(notice).report(shown, preferred(language, None), as_file=True).html


def _as_imaged(assessment: Assessment) -> PatientIdentity:
    """As the images name the patient; "not recorded" where they name nobody that could be looked up."""
    acquisition = assessment.acquisition
    try:
        key = PatientKey("file", acquisition.patient_id)
    except IdentifierRefused:
        key = PatientKey("file", "not recorded")
    return PatientIdentity(key, acquisition.patient_birth_date, acquisition.patient_sex)
