"""Patients who do not want their images looked at."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, String, Table, bindparam, delete, exists, or_, select

from cds.ct.patient import PatientKey
from cds.ports import Clock
from cds.storage.engine import without_transactions
from cds.storage.patient_columns import belongs_to, columns_of
from cds.storage.tables import opted_out
from cds.storage.writing import insert_once

_ISSUER = bindparam("issuer", type_=String)
MAY_HAVE_OPTED_OUT = (
    select(opted_out.c.tenant)
    .where(opted_out.c.tenant == bindparam("tenant"), opted_out.c.patient_id == bindparam("patient_id"))
    .where(or_(_ISSUER == "", opted_out.c.issuer == "", opted_out.c.issuer == _ISSUER))
    .limit(1)
)


def may_have_opted_out(table: Table) -> ColumnElement[bool]:
    """Whether the patient of a row is on the list, by the same rule."""
    issuer = table.c.issuer
    return exists().where(
        opted_out.c.tenant == table.c.tenant,
        opted_out.c.patient_id == table.c.patient_id,
        or_(issuer == "", opted_out.c.issuer == "", opted_out.c.issuer == issuer),
    )


@dataclass(frozen=True, slots=True)
class OptedOut:
    """One line of the list."""

    patient: PatientKey
    since: datetime


class SqlOptOuts:
    """The `OptOuts` on SQL, and the list that an operator keeps."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._looking = without_transactions(engine)
        self._clock = clock

    def has_opted_out(self, patient: PatientKey) -> bool:
        """By identifier and issuer; an issuer unknown on either side counts as the same.

        Only here is that the smaller error: a card too few, rather than images that nobody may look at.
        """
        with self._looking.connect() as connection:
            return connection.execute(MAY_HAVE_OPTED_OUT, columns_of(patient)).first() is not None

    def add(self, patients: Collection[PatientKey]) -> Sequence[PatientKey]:
        """All of them in one transaction; those that were not on the list yet."""
        since = self._clock.now()
        with self._engine.begin() as connection:
            return [
                each for each in patients if insert_once(connection, opted_out, {**columns_of(each), "since": since})
            ]

    def remove(self, patients: Collection[PatientKey]) -> Sequence[PatientKey]:
        """All of them in one transaction; those that were on the list, under exactly this issuer."""
        with self._engine.begin() as connection:
            return [
                each
                for each in patients
                if connection.execute(delete(opted_out).where(belongs_to(opted_out, each))).rowcount
            ]

    def listed(self) -> Sequence[OptedOut]:
        """The whole list, by tenant and identifier."""
        query = select(opted_out).order_by(opted_out.c.tenant, opted_out.c.patient_id, opted_out.c.issuer)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [OptedOut(PatientKey(row.tenant, row.patient_id, row.issuer or None), row.since) for row in rows]
