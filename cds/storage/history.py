"""The measured CTs of a patient, for trends."""

from collections.abc import Sequence

from sqlalchemy import Engine

from cds.ct.patient import PatientKey
from cds.ports import StoredResult
from cds.storage.assessments import RESULTS_AS_READ, stored_result
from cds.storage.engine import without_transactions
from cds.storage.patient_columns import belongs_to
from cds.storage.tables import results

_MOST_RESULTS = 100
"""Of one patient, the newest scans first: more than a page can show."""


class SqlPatientHistory:
    """The `PatientHistory` on SQL."""

    def __init__(self, engine: Engine) -> None:
        self._looking = without_transactions(engine)

    def of(self, patient: PatientKey) -> Sequence[StoredResult]:
        """The newest result of each series; withdrawn ones are not there."""
        query = (
            RESULTS_AS_READ.where(belongs_to(results, patient), results.c.withdrawn_at.is_(None))
            .order_by(results.c.study_date.desc().nulls_last(), results.c.measured_at.desc())
            .limit(_MOST_RESULTS)
        )
        with self._looking.connect() as connection:
            found = [stored_result(row) for row in connection.execute(query)]
        newest: dict[str, StoredResult] = {}
        for result in found:
            newest.setdefault(result.assessment.acquisition.series_uid, result)
        return list(reversed(newest.values()))
