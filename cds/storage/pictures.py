"""Pictures of reports, by result, and which are to be drawn again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, exists, func, insert, or_, select, update

from cds.picture import Picture
from cds.ports import Clock, PictureState
from cds.storage.engine import without_transactions
from cds.storage.tables import picture_wishes, pictures, results
from cds.storage.writing import insert_once

_UNPUBLISHED_AFTER = timedelta(days=1)
"""A measurement is published within minutes, or never."""
_LOOKED_AT_FOR = timedelta(days=1)
"""Looked for among those of one day alone: this is asked several times a minute."""


class SqlPictures:
    """The `PictureStore` on SQL."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._looking = without_transactions(engine)
        self._clock = clock

    def put(self, result_id: str, drawn: Sequence[Picture]) -> None:
        """All of them in one transaction."""
        now = self._clock.now()
        rows = [_row_of(result_id, place, each, now) for place, each in enumerate(drawn)]
        with self._engine.begin() as connection:
            connection.execute(delete(pictures).where(pictures.c.result_id == result_id))
            connection.execute(delete(picture_wishes).where(picture_wishes.c.result_id == result_id))
            if rows:
                connection.execute(insert(pictures), rows)

    def read(self, result_id: str) -> Sequence[Picture]:
        """In the order in which they were put."""
        query = select(pictures).where(pictures.c.result_id == result_id).order_by(pictures.c.place)
        with self._looking.connect() as connection:
            return [
                Picture(row.name, bytes(row.png), row.width_px, row.height_px, row.pixel_mm)
                for row in connection.execute(query)
            ]

    def wish(self, result_id: str) -> PictureState:
        """What was given up is not tried again."""
        row = {"result_id": result_id, "asked_at": self._clock.now(), "given_up": False}
        with self._engine.begin() as connection:
            if insert_once(connection, picture_wishes, row):
                return "wished-for"
            query = select(picture_wishes.c.given_up).where(picture_wishes.c.result_id == result_id)
            return "impossible" if connection.execute(query).scalar() else "wished-for"

    def wishes(self) -> Sequence[str]:
        """The first asked for first."""
        query = select(picture_wishes.c.result_id).where(~picture_wishes.c.given_up).order_by(picture_wishes.c.asked_at)
        with self._engine.connect() as connection:
            return connection.execute(query).scalars().all()

    def give_up(self, result_id: str) -> None:
        """Whoever asks again is told."""
        with self._engine.begin() as connection:
            connection.execute(
                update(picture_wishes).where(picture_wishes.c.result_id == result_id).values(given_up=True)
            )

    def purge_before(self, moment: datetime) -> int:
        """Old ones, and those of measurements that never became a result."""
        unpublished = ~exists().where(results.c.result_id == pictures.c.result_id)
        long_ago = self._clock.now() - _UNPUBLISHED_AFTER
        of_that_day = pictures.c.drawn_at.between(long_ago - _LOOKED_AT_FOR, long_ago)
        gone = or_(pictures.c.drawn_at < moment, of_that_day & unpublished)
        with self._engine.begin() as connection:
            counted = select(func.count(pictures.c.result_id.distinct())).where(gone)
            number = int(connection.execute(counted).scalar_one())
            if number:
                connection.execute(delete(pictures).where(gone))
        return number


def _row_of(result_id: str, place: int, picture: Picture, drawn_at: datetime) -> dict[str, object]:
    return {
        "result_id": result_id,
        "place": place,
        "name": picture.name,
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "pixel_mm": picture.pixel_mm,
        "png": picture.png,
        "drawn_at": drawn_at,
    }
