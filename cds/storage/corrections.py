"""What readers corrected: stored with the review, the record as it became, and the rendering that says so."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Engine, FromClause, Row, Select, func, select, update

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Assessment
from cds.bone.corrected_column import Change
from cds.bone.record import from_record, to_record
from cds.correction import Correction
from cds.ports import StoredResult
from cds.storage.patient_columns import columns_of
from cds.storage.resources import put_bundle
from cds.storage.tables import corrections, results, reviews
from cds.storage.writing import insert_once

_BEFORE = corrections.alias("corrected_before")
_PATIENT = ("tenant", "patient_id", "issuer")


class SqlCorrections:
    """The `Corrections` on SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, result: StoredResult, bundle: bytes) -> bool:
        """All of it or nothing; False where the result is withdrawn by now, or somebody else was faster."""
        if result.correction is None or result.review is None:
            raise ValueError("the result was not corrected")
        review, shown = result.review, (results.c.result_id == result.result_id) & results.c.withdrawn_at.is_(None)
        reviewed = {
            "result_id": result.result_id,
            "number": review.number,
            "reader": review.reader,
            "decision": review.decision,
            "reason": review.reason,
            "reviewed_at": review.at,
            "reader_name": review.reader_name,
        }
        row = _row_of(result, result.correction)
        with self._engine.begin() as connection:
            if connection.execute(select(results.c.result_id).where(shown)).first() is None:
                return False
            if not insert_once(connection, reviews, reviewed) or not insert_once(connection, corrections, row):
                return False
            connection.execute(update(results).where(shown).values(record=row["record"], bundle=bundle))
            put_bundle(connection, result.result_id, columns_of(result.patient.key), bundle, review.at)
            return True

    def untold(self) -> Sequence[str]:
        """By the moment of the correction."""
        query = (
            select(corrections.c.result_id)
            .select_from(results.join(corrections, is_last_correction()))
            .where(results.c.withdrawn_at.is_(None), corrections.c.images_told.is_(False))
            .order_by(corrections.c.corrected_at)
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalars().all()

    def told(self, result_id: str, number: int) -> None:
        """Those before were replaced by it."""
        those = (corrections.c.result_id == result_id) & (corrections.c.number <= number)
        with self._engine.begin() as connection:
            connection.execute(update(corrections).where(those).values(images_told=True))


def is_last_correction() -> ColumnElement[bool]:
    """Joins a result to the correction that holds."""
    earlier = corrections.alias("corrected_once")
    last = select(func.max(earlier.c.number)).where(earlier.c.result_id == results.c.result_id).scalar_subquery()
    return (corrections.c.result_id == results.c.result_id) & (corrections.c.number == last)


def corrected_before() -> tuple[FromClause, ColumnElement[bool]]:
    """Joins a result to the last correction of another measurement of the same images, if that one is shown."""
    other, measured = corrections.alias("corrected_otherwise"), results.alias("measured_otherwise")
    of_patient = [other.c[name] == results.c[name] for name in (*_PATIENT, "series_uid")]
    last: Select[tuple[str]] = (
        select(other.c.correction_id)
        .join(measured, measured.c.result_id == other.c.result_id)
        .where(*of_patient, other.c.result_id != results.c.result_id, measured.c.withdrawn_at.is_(None))
        .order_by(other.c.corrected_at.desc(), other.c.correction_id.desc())
        .limit(1)
        .correlate(results)
    )
    return _BEFORE, _BEFORE.c.correction_id == last.scalar_subquery()


_NAMES = ("number", "left_out", "renamed", "reader", "reason", "corrected_at", "measured", "generation", "reader_name")
OF_CORRECTION = tuple(corrections.c[name].label(f"correction_{name}") for name in _NAMES)
OF_CORRECTED_BEFORE = tuple(_BEFORE.c[name].label(f"before_{name}") for name in _NAMES)


def correction_of(row: Row[tuple[object, ...]], prefix: str = "correction") -> Correction | None:
    """The correction in a row that was joined by `is_last_correction`, or with "before" by `corrected_before`."""
    facts: Mapping[str, Any] = {name: getattr(row, f"{prefix}_{name}") for name in _NAMES}
    if facts["number"] is None:
        return None
    left_out = tuple((VertebralLevel(level), why) for level, why in facts["left_out"])
    return Correction(
        change=Change(left_out, facts["renamed"]),
        reader=facts["reader"],
        reason=facts["reason"],
        at=facts["corrected_at"],
        number=facts["number"],
        measured=from_record(json.loads(facts["measured"])),
        generation=facts["generation"],
        reader_name=facts["reader_name"],
    )


def is_measured_again(assessment: Assessment, measured: str) -> bool:
    """Whether a measurement says of the vertebrae what the corrected one said: then the correction holds for it too."""
    before, again = from_record(json.loads(measured)), from_record(to_record(assessment))
    return _readings(before) == _readings(again)


def _readings(assessment: Assessment) -> list[tuple[VertebralLevel, float, float]]:
    return [(each.level, each.hu, each.vbmd_mg_cm3) for each in assessment.levels]


def _row_of(result: StoredResult, correction: Correction) -> dict[str, object]:
    return {
        "correction_id": f"{result.result_id}/{correction.number}",
        "result_id": result.result_id,
        "number": correction.number,
        "left_out": [[level.value, why] for level, why in correction.change.left_out],
        "renamed": correction.change.renamed,
        "reader": correction.reader,
        "reader_name": correction.reader_name,
        "reason": correction.reason,
        "corrected_at": correction.at,
        "images_told": False,
        "measured": _written(correction.measured),
        "record": _written(result.assessment),
        "generation": result.generation,
        "series_uid": result.assessment.acquisition.series_uid,
        **columns_of(result.patient.key),
    }


def _written(assessment: Assessment) -> str:
    return json.dumps(to_record(assessment), separators=(",", ":"), allow_nan=False)
