"""The measured CTs of a patient, for trends."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, Row

from cds.clocks import lately
from cds.ct.patient import PatientKey
from cds.ports import History, StoredResult
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

    def of(self, patient: PatientKey, now: datetime, within: timedelta) -> History:
        """The newest result of each series; withdrawn ones are not there.

        Held is what the archive was asked about within that time, and had. A time in the future was written by a clock
        that was wrong.
        """
        query = (
            RESULTS_AS_READ.where(belongs_to(results, patient), results.c.withdrawn_at.is_(None))
            .order_by(results.c.study_date.desc().nulls_last(), results.c.measured_at.desc())
            .limit(_MOST_RESULTS)
        )
        with self._looking.connect() as connection:
            found = connection.execute(query).all()
        newest: dict[str, Row[tuple[object, ...]]] = {}
        for row in found:
            newest.setdefault(row.series_uid, row)
        held: list[StoredResult] = []
        being_checked: list[StoredResult] = []
        for row in reversed(newest.values()):
            held_lately = row.asked_at is not None and row.missing_since is None and lately(row.asked_at, now, within)
            (held if held_lately else being_checked).append(stored_result(row))
        return History(tuple(held), tuple(being_checked))
