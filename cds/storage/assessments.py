"""Results, and what is known about having none, by patient key."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, delete, or_, select, update

from cds.bone.record import from_record, to_record
from cds.ct.patient import PatientKey
from cds.ports import AuditRow, Clock, NothingFound, StoredResult
from cds.storage.audit_rows import add_row
from cds.storage.corrections import (
    OF_CORRECTED_BEFORE,
    OF_CORRECTION,
    corrected_before,
    correction_of,
    is_last_correction,
    is_measured_again,
)
from cds.storage.engine import without_transactions
from cds.storage.moments import is_ahead
from cds.storage.patient_columns import belongs_to, belongs_to_given, columns_of, identity_of
from cds.storage.resources import enter_in_error, put_bundle
from cds.storage.reviews import is_last_review, review_of, was_rejected
from cds.storage.tables import corrections, nothing_found, results, reviews
from cds.storage.writing import insert_once, insert_or_update

REJECTED = "rejected-by-reader"
"""Why nothing is known of a patient whose only result a reader has rejected."""

CORRECTED = "corrected-by-reader"
"""... whose only result a reader has corrected, and that reads otherwise now."""

_ALL_BUT_BUNDLE = tuple(column for column in results.c if column.name != "bundle")
_OF_REVIEW = tuple(column for column in reviews.c if column.name != "result_id")
RESULTS_AS_READ = select(*_ALL_BUT_BUNDLE, *_OF_REVIEW, *OF_CORRECTION, *OF_CORRECTED_BEFORE).select_from(
    results.outerjoin(reviews, is_last_review())
    .outerjoin(corrections, is_last_correction())
    .outerjoin(*corrected_before())
)
NEWEST = (
    RESULTS_AS_READ.where(
        belongs_to_given(results),
        results.c.withdrawn_at.is_(None),
        results.c.missing_since.is_(None),
        ~results.c.set_aside,
    )
    .order_by(results.c.study_date.desc().nulls_last(), results.c.measured_at.desc())
    .limit(1)
)
_CORRECTED = select(corrections.c.measured, results.c.bundle).select_from(
    results.join(corrections, is_last_correction())
)
_AS_NEW = {"withdrawn_at": None, "withdrawn_why": None, "missing_since": None, "set_aside": False}
LOOKED = select(nothing_found).where(belongs_to_given(nothing_found))


class SqlAssessmentStore:
    """The `AssessmentStore` on SQL; every question by patient carries the whole key."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._looking = without_transactions(engine)
        self._clock = clock

    def latest(self, patient: PatientKey) -> StoredResult | NothingFound | None:
        """The newest scan that counts, and that the archive has; where none does, the last look that found nothing."""
        whose = columns_of(patient)
        with self._looking.connect() as connection:
            result = connection.execute(NEWEST, whose).one_or_none()
            if result is not None:
                return stored_result(result)
            nothing = connection.execute(LOOKED, whose).one_or_none()
        return None if nothing is None else NothingFound(nothing.looked_at, tuple(nothing.reasons))

    def read(self, result_id: str) -> StoredResult | None:
        """One result by its id; a withdrawn one is not shown."""
        query = RESULTS_AS_READ.where(results.c.result_id == result_id, results.c.withdrawn_at.is_(None))
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else stored_result(row)

    def bundle(self, result_id: str) -> bytes | None:
        """The rendering kept with the result; a withdrawn one is not handed out."""
        query = select(results.c.bundle).where(results.c.result_id == result_id, results.c.withdrawn_at.is_(None))
        with self._engine.connect() as connection:
            rendered = connection.execute(query).scalar_one_or_none()
        return None if rendered is None else bytes(rendered)

    def knows(self, patient: PatientKey, series_uid: str, generation: str) -> str | None:
        """Answered by patient as well as by series, so that no result crosses to another patient."""
        query = select(results.c.result_id).where(
            belongs_to(results, patient),
            results.c.series_uid == series_uid,
            results.c.generation == generation,
            results.c.withdrawn_at.is_(None),
        )
        with self._engine.connect() as connection:
            return connection.execute(query.limit(1)).scalar_one_or_none()

    def keep(self, result: StoredResult, bundle: bytes, note: AuditRow | None = None) -> None:
        """Result, rendering and note together, or none of them.

        the id is new            -> stored; "nothing found" is forgotten
        the id is there          -> nothing changes
        the id is there, withdrawn -> shown again, and unread: its study was found and measured again after that
        ... and rejected by a reader, or taken back -> stays withdrawn; for a while nothing is known of this patient
        ... and corrected by a reader -> shown again as corrected; stays withdrawn where it reads otherwise now
        """
        with self._engine.begin() as connection:
            self._put_back(connection, result)
            if insert_once(connection, results, _row_of(result, bundle)):
                patient = result.patient.key
                connection.execute(delete(nothing_found).where(belongs_to(nothing_found, patient)))
                self._put_resources(connection, result, bundle)
                add_row(connection, note, self._clock.now())
                return
            # A publish that began before the withdrawal, by a worker that stood still, does not undo it.
            withdrawn = (results.c.result_id == result.result_id) & (results.c.withdrawn_at <= result.measured_at)
            if connection.execute(select(results.c.result_id).where(withdrawn, was_rejected())).first() is not None:
                self._know_nothing(connection, result, REJECTED)
                return
            kept = connection.execute(_CORRECTED.where(withdrawn)).one_or_none()
            if kept is not None:
                if self._show_corrected(connection, result, kept.measured, bytes(kept.bundle)):
                    add_row(connection, note, self._clock.now())
                return
            again = _row_of(result, bundle) | _AS_NEW
            if connection.execute(update(results).where(withdrawn).values(**again)).rowcount:
                # What a reader accepted was the measurement before; that they did stays in the audit log.
                connection.execute(delete(reviews).where(reviews.c.result_id == result.result_id))
                self._put_resources(connection, result, bundle)
                add_row(connection, note, self._clock.now())

    def _put_back(self, connection: Connection, result: StoredResult) -> None:
        """What was dated ahead would come after all that is measured now.

        another measurement  -> was at the latest just before this one
        a withdrawal         -> was at the latest now: not undone by this measurement, but by the next
        """
        now, just_before = self._clock.now(), result.measured_at - datetime.resolution
        others = belongs_to(results, result.patient.key) & (results.c.result_id != result.result_id)
        later = others & is_ahead(results.c.measured_at, now)
        connection.execute(update(results).where(later).values(measured_at=just_before))
        withdrawn = (results.c.result_id == result.result_id) & is_ahead(results.c.withdrawn_at, now)
        connection.execute(update(results).where(withdrawn).values(withdrawn_at=now))

    def _know_nothing(self, connection: Connection, result: StoredResult, why: str) -> None:
        looked = {"looked_at": result.measured_at, "reasons": [why]}
        insert_or_update(connection, nothing_found, {**columns_of(result.patient.key), **looked})

    def _show_corrected(self, connection: Connection, result: StoredResult, measured: str, bundle: bytes) -> bool:
        """False where it reads otherwise now: a reader has corrected what was measured then, and nothing else."""
        if not is_measured_again(result.assessment, measured):
            self._know_nothing(connection, result, CORRECTED)
            return False
        confirmed_at = result.confirmed_at
        again = {"confirmed_at": confirmed_at, **_AS_NEW, "asked_at": confirmed_at}
        connection.execute(update(results).where(results.c.result_id == result.result_id).values(**again))
        self._put_resources(connection, result, bundle)
        return True

    def keep_nothing_found(self, patient: PatientKey, looked_at: datetime, reasons: Sequence[str]) -> None:
        """The last look replaces the one before."""
        row = {**columns_of(patient), "looked_at": looked_at, "reasons": list(reasons)}
        with self._engine.begin() as connection:
            insert_or_update(connection, nothing_found, row)

    def confirm(self, result_id: str, at: datetime) -> None:
        """Never moves the confirmation back in time, but for one that was dated ahead."""
        confirmed_at = results.c.confirmed_at
        older = (results.c.result_id == result_id) & or_(confirmed_at < at, is_ahead(confirmed_at, self._clock.now()))
        confirmed = {"confirmed_at": at, "asked_at": at, "missing_since": None}
        with self._engine.begin() as connection:
            connection.execute(update(results).where(older).values(**confirmed))

    def looked(self, patient: PatientKey, at: datetime, *, held: Collection[str], usable: Collection[str]) -> None:
        """Whatever generation measured them; `confirmed_at` stays as it is."""
        theirs = belongs_to(results, patient) & results.c.series_uid.in_(held) & results.c.withdrawn_at.is_(None)
        found = {"asked_at": at, "missing_since": None, "set_aside": results.c.series_uid.not_in(usable)}
        with self._engine.begin() as connection:
            connection.execute(update(results).where(theirs).values(**found))

    def withdraw(self, result_id: str, why: str, note: AuditRow | None = None) -> None:
        """The first reason stands."""
        shown = (results.c.result_id == result_id) & results.c.withdrawn_at.is_(None)
        with self._engine.begin() as connection:
            statement = update(results).where(shown).values(withdrawn_at=self._clock.now(), withdrawn_why=why)
            if connection.execute(statement).rowcount:
                enter_in_error(connection, result_id, why, self._clock.now())
                add_row(connection, note, self._clock.now())

    def _put_resources(self, connection: Connection, result: StoredResult, bundle: bytes) -> None:
        put_bundle(connection, result.result_id, columns_of(result.patient.key), bundle, self._clock.now())


def _row_of(result: StoredResult, bundle: bytes) -> dict[str, object]:
    acquisition = result.assessment.acquisition
    return {
        "result_id": result.result_id,
        **columns_of(result.patient.key),
        "birth_date": result.patient.birth_date,
        "sex": result.patient.sex,
        "study_uid": acquisition.study_uid,
        "series_uid": acquisition.series_uid,
        "generation": result.generation,
        "study_date": acquisition.study_date,
        "measured_at": result.measured_at,
        "confirmed_at": result.confirmed_at,
        "asked_at": result.confirmed_at,
        "record": json.dumps(to_record(result.assessment), separators=(",", ":"), allow_nan=False),
        "bundle": bundle,
    }


def stored_result(row: Row[tuple[object, ...]]) -> StoredResult:
    """A row of `RESULTS_AS_READ`."""
    return StoredResult(
        result_id=row.result_id,
        patient=identity_of(row),
        assessment=from_record(json.loads(row.record)),
        measured_at=row.measured_at,
        confirmed_at=row.confirmed_at,
        generation=row.generation,
        review=review_of(row),
        correction=correction_of(row),
        corrected_before=correction_of(row, "before"),
    )
