"""Results that were taken back: kept with whoever did it and why, and who still has to know."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, String, bindparam, delete, exists, func, insert, select, update

from cds.ct.patient import PatientKey
from cds.ports import StoredResult, Telling
from cds.retraction import Recall, Retraction
from cds.storage.assessments import RESULTS_AS_READ, stored_result
from cds.storage.engine import without_transactions
from cds.storage.patient_columns import belongs_to_given, columns_of
from cds.storage.resources import put_bundle
from cds.storage.tables import results, retraction_notices, retraction_places, retractions, shown_cards
from cds.storage.writing import insert_once, insert_or_update

_AT_ONCE = 500
"""Results read in one query: their records are a few kilobytes each."""


class SqlRetractions:
    """The `Retractions` on SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def candidates(self, recall: Recall) -> Iterator[StoredResult]:
        """By id; withdrawn ones are meant too, since copies of them may be elsewhere."""
        query = RESULTS_AS_READ.where(~exists().where(retractions.c.result_id == results.c.result_id))
        if recall.result_id is not None:
            query = query.where(results.c.result_id == recall.result_id)
        if recall.study_uid is not None:
            query = query.where(results.c.study_uid == recall.study_uid)
        if recall.model_version is not None:
            query = query.where(results.c.generation.contains(recall.model_version, autoescape=True))
        last = ""
        while True:
            page = query.where(results.c.result_id > last).order_by(results.c.result_id).limit(_AT_ONCE)
            with self._engine.connect() as connection:
                rows = connection.execute(page).all()
            yield from map(stored_result, rows)
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1].result_id

    def keep(self, retraction: Retraction, bundle: bytes, places: Sequence[str]) -> bool:
        """Retraction, withdrawal, rendering and places together, or none of them."""
        result_id = retraction.result_id
        with self._engine.begin() as connection:
            whose = connection.execute(
                select(results.c.tenant, results.c.patient_id, results.c.issuer).where(results.c.result_id == result_id)
            ).one_or_none()
            if whose is None or not insert_once(connection, retractions, _row_of(retraction) | whose._asdict()):
                return False
            connection.execute(
                update(results)
                .where(results.c.result_id == result_id)
                .values(withdrawn_at=retraction.at, withdrawn_why=retraction.told, bundle=bundle)
            )
            put_bundle(connection, result_id, whose._asdict(), bundle, retraction.at)
            if places:
                connection.execute(
                    insert(retraction_places), [{"result_id": result_id, "place": place} for place in places]
                )
            return True

    def seen_by(self, result_id: str) -> int:
        """Rows of cards shown."""
        query = select(func.count()).where(shown_cards.c.result_id == result_id)
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def unfinished(self) -> Sequence[tuple[Retraction, StoredResult, tuple[str, ...]]]:
        """The oldest first."""
        waiting = exists().where(retraction_places.c.result_id == retractions.c.result_id)
        with self._engine.connect() as connection:
            rows = connection.execute(select(retractions).where(waiting).order_by(retractions.c.retracted_at)).all()
            return [(_retraction(row), *self._where(connection, row.result_id)) for row in rows]

    def finished(self, result_id: str, place: str) -> None:
        """This place knows."""
        told = (retraction_places.c.result_id == result_id) & (retraction_places.c.place == place)
        with self._engine.begin() as connection:
            connection.execute(delete(retraction_places).where(told))

    def _where(self, connection: Connection, result_id: str) -> tuple[StoredResult, tuple[str, ...]]:
        result = connection.execute(RESULTS_AS_READ.where(results.c.result_id == result_id)).one()
        places = select(retraction_places.c.place).where(retraction_places.c.result_id == result_id)
        return stored_result(result), tuple(connection.execute(places.order_by(retraction_places.c.place)).scalars())


def note_retraction(connection: Connection, retraction: Retraction, telling: Telling, at: datetime) -> None:
    """One row for each retraction and user."""
    whom = {"shown_to": telling.user or "", "call": telling.call or None}
    row = {"result_id": retraction.result_id, "told_at": at, **whom}
    insert_or_update(connection, retraction_notices, row)


_USER, _CALL = bindparam("user", type_=String), bindparam("call", type_=String)
_SEEN = exists().where(shown_cards.c.result_id == retractions.c.result_id, shown_cards.c.shown_to == _USER)
_TOLD = exists().where(
    retraction_notices.c.result_id == retractions.c.result_id,
    retraction_notices.c.shown_to == _USER,
    (_CALL == "") | (func.coalesce(retraction_notices.c.call, "") != _CALL),
)
_DUE = select(retractions).where(belongs_to_given(retractions), _SEEN, ~_TOLD).order_by(retractions.c.retracted_at)
_WHY = select(retractions).where(retractions.c.result_id == bindparam("result"))


class SqlRetractionNotices:
    """The `RetractionNotices` on SQL: cards shown, without those who were told."""

    def __init__(self, engine: Engine) -> None:
        self._looking = without_transactions(engine)

    def of(self, result_id: str) -> Retraction | None:
        """Why it was taken back."""
        with self._looking.connect() as connection:
            row = connection.execute(_WHY, {"result": result_id}).one_or_none()
        return None if row is None else _retraction(row)

    def due(self, patient: PatientKey, user: str | None, call: str) -> Sequence[Retraction]:
        """Of this patient; the oldest retraction first."""
        asked = {**columns_of(patient), "user": user or "", "call": call}
        with self._looking.connect() as connection:
            return [_retraction(row) for row in connection.execute(_DUE, asked)]


def _row_of(retraction: Retraction) -> dict[str, str | datetime]:
    return {
        "result_id": retraction.result_id,
        "kind": retraction.kind,
        "reason": retraction.reason,
        "retracted_by": retraction.by,
        "retracted_at": retraction.at,
    }


def _retraction(row: Row[tuple[object, ...]]) -> Retraction:
    return Retraction(row.result_id, row.kind, row.reason, row.retracted_by, row.retracted_at)
