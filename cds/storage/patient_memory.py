"""What is known of a patient, in one question: every hook asks it, and a round trip costs more than the answer."""

from sqlalchemy import Engine, Row, literal, select, true

from cds.ct.patient import PatientKey
from cds.ports import NothingFound, Remembered, StoredResult
from cds.storage.assessments import LOOKED, NEWEST, stored_result
from cds.storage.engine import without_transactions
from cds.storage.opt_outs import MAY_HAVE_OPTED_OUT
from cds.storage.patient_columns import columns_of

_ONE_ROW = select(literal(1).label("number")).subquery("one")
_NEWEST = NEWEST.subquery("newest")
_LOOKED = LOOKED.subquery("looked")
_REMEMBERED = select(
    MAY_HAVE_OPTED_OUT.exists().label("opted_out"), *_NEWEST.c, _LOOKED.c.looked_at, _LOOKED.c.reasons
).select_from(_ONE_ROW.outerjoin(_NEWEST, true()).outerjoin(_LOOKED, true()))


class SqlPatientMemory:
    """The `PatientMemory` on SQL."""

    def __init__(self, engine: Engine) -> None:
        self._looking = without_transactions(engine)

    def of(self, patient: PatientKey) -> Remembered:
        """As `SqlOptOuts.has_opted_out` and `SqlAssessmentStore.latest` answer one after the other."""
        with self._looking.connect() as connection:
            row = connection.execute(_REMEMBERED, columns_of(patient)).one()
        return Remembered(row.opted_out, _latest(row))


def _latest(row: Row[tuple[object, ...]]) -> StoredResult | NothingFound | None:
    if row.result_id is not None:
        return stored_result(row)
    return None if row.looked_at is None else NothingFound(row.looked_at, tuple(row.reasons))
