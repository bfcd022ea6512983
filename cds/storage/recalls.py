"""Versions and coefficient files that are withdrawn."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from sqlalchemy import Engine, Row, delete, select

from cds.retraction import Recall, StandingRecall
from cds.storage.tables import standing_recalls
from cds.storage.writing import insert_once

_DAYS = ("scanned_from", "scanned_until")


class SqlRecalls:
    """The `Recalls` on SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def standing(self) -> Sequence[StandingRecall]:
        """All of them: there are few."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(standing_recalls).order_by(standing_recalls.c.withdrawn_at)).all()
        return [_standing(row) for row in rows]

    def keep(self, standing: StandingRecall) -> bool:
        """The first one stands, with its reason."""
        row = {
            "recall_id": _id_of(standing.recall),
            "recall": _named(standing.recall),
            "kind": standing.kind,
            "reason": standing.reason,
            "withdrawn_by": standing.by,
            "withdrawn_at": standing.at,
        }
        with self._engine.begin() as connection:
            return insert_once(connection, standing_recalls, row)

    def lift(self, recall: Recall) -> bool:
        """Exactly this one."""
        same = standing_recalls.c.recall_id == _id_of(recall)
        with self._engine.begin() as connection:
            return bool(connection.execute(delete(standing_recalls).where(same)).rowcount)


def _named(recall: Recall) -> dict[str, str]:
    given = {name: value for name, value in asdict(recall).items() if value is not None}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in given.items()}


def _id_of(recall: Recall) -> str:
    return hashlib.sha256(json.dumps(_named(recall), sort_keys=True).encode()).hexdigest()


def _standing(row: Row[tuple[object, ...]]) -> StandingRecall:
    days = {name: date.fromisoformat(row.recall[name]) for name in _DAYS if name in row.recall}
    return StandingRecall(Recall(**(row.recall | days)), row.kind, row.reason, row.withdrawn_by, row.withdrawn_at)
