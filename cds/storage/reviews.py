"""What readers said about results, stored together with the rendering that says so."""

from sqlalchemy import ColumnElement, Engine, Row, exists, func, select, update

from cds.ports import Review
from cds.storage.resources import put_bundle
from cds.storage.tables import results, retractions, reviews
from cds.storage.writing import insert_once

_PATIENT = (results.c.tenant, results.c.patient_id, results.c.issuer)


class SqlReviews:
    """The `Reviews` on SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, result_id: str, review: Review, bundle: bytes) -> bool:
        """Review, rendering and, where it was rejected, the withdrawal: all of them or none.

        False where the result is withdrawn by now, or somebody else has reviewed it in the meantime.
        """
        row = {
            "result_id": result_id,
            "number": review.number,
            "reader": review.reader,
            "decision": review.decision,
            "reason": review.reason,
            "reviewed_at": review.at,
            "reader_name": review.reader_name,
        }
        rejected = {"withdrawn_at": review.at, "withdrawn_why": f"rejected by a reader: {review.reason}"}
        changed = {"bundle": bundle} | (rejected if review.decision == "rejected" else {})
        shown = (results.c.result_id == result_id) & results.c.withdrawn_at.is_(None)
        with self._engine.begin() as connection:
            whose = connection.execute(select(*_PATIENT).where(shown)).mappings().first()
            if whose is None:
                return False
            if not insert_once(connection, reviews, row):
                return False
            connection.execute(update(results).where(shown).values(**changed))
            put_bundle(connection, result_id, dict(whose), bundle, review.at)
            return True


def is_last_review() -> ColumnElement[bool]:
    """Joins a result to the review that holds."""
    earlier = reviews.alias("counted")
    last = select(func.max(earlier.c.number)).where(earlier.c.result_id == results.c.result_id).scalar_subquery()
    return (reviews.c.result_id == results.c.result_id) & (reviews.c.number == last)


def was_rejected() -> ColumnElement[bool]:
    """Whether a reader has rejected the result, or it was taken back; measuring it again brings it back no more."""
    rejected = exists().where(reviews.c.result_id == results.c.result_id, reviews.c.decision == "rejected")
    return rejected | exists().where(retractions.c.result_id == results.c.result_id)


def review_of(row: Row[tuple[object, ...]]) -> Review | None:
    """The review in a row that was joined by `is_last_review`."""
    if row.number is None:
        return None
    return Review(row.reader, row.decision, row.reviewed_at, row.number, row.reason, reader_name=row.reader_name)
