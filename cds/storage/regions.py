"""Regions of results that the imaging archive does not have yet."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, delete, select

from cds.ports import Clock
from cds.storage.tables import waiting_regions
from cds.storage.writing import insert_or_update


class SqlRegionStore:
    """The `RegionStore` on SQL: whichever worker is there delivers them."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def put(self, result_id: str, regions: bytes) -> None:
        """Keep, or replace by what was measured again."""
        with self._engine.begin() as connection:
            row = {"result_id": result_id, "kept_at": self._clock.now(), "regions": regions}
            insert_or_update(connection, waiting_regions, row)

    def waiting(self) -> Sequence[tuple[str, datetime]]:
        """(result id, since when), the oldest first."""
        query = select(waiting_regions.c.result_id, waiting_regions.c.kept_at).order_by(waiting_regions.c.kept_at)
        with self._engine.connect() as connection:
            return [(row.result_id, row.kept_at) for row in connection.execute(query)]

    def read(self, result_id: str) -> bytes | None:
        """What was put."""
        query = select(waiting_regions.c.regions).where(waiting_regions.c.result_id == result_id)
        with self._engine.connect() as connection:
            kept = connection.execute(query).scalar_one_or_none()
        return None if kept is None else bytes(kept)

    def forget(self, result_id: str) -> None:
        """They are no longer needed."""
        with self._engine.begin() as connection:
            connection.execute(delete(waiting_regions).where(waiting_regions.c.result_id == result_id))
