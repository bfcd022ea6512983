"""Patients who do not want their images looked at."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, delete, select

from cds.ct.patient import PatientKey
from cds.ports import Clock
from cds.storage.patient_columns import belongs_to, columns_of
from cds.storage.tables import opted_out
from cds.storage.writing import insert_once


@dataclass(frozen=True, slots=True)
class OptedOut:
    """One line of the list."""

    patient: PatientKey
    since: datetime


class SqlOptOuts:
    """The `OptOuts` on SQL, and the list that an operator keeps."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def has_opted_out(self, patient: PatientKey) -> bool:
        """By identifier and issuer; an issuer unknown on either side counts as the same.

        Only here is that the smaller error: a card too few, rather than images that nobody may look at.
        """
        query = select(opted_out.c.tenant).where(_may_be(patient)).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

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


def _may_be(patient: PatientKey) -> ColumnElement[bool]:
    columns = columns_of(patient)
    same = (opted_out.c.tenant == columns["tenant"]) & (opted_out.c.patient_id == columns["patient_id"])
    return same & opted_out.c.issuer.in_((columns["issuer"], "")) if columns["issuer"] else same
