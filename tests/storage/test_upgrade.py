"""A database of the previous version, with rows in every table, is brought up to date and still read."""

import json
from datetime import UTC, date, datetime

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, BigInteger, Boolean, Date, DateTime, Float, Integer, LargeBinary, MetaData, inspect, select

from cds.bone.record import to_record
from cds.reporting.bundle import FhirPublisher
from cds.storage import migrate as migrations
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.backfill import backfill_resources
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate, newest_revision, revert, revision_of
from cds.storage.opt_outs import SqlOptOuts
from tests.support.assessments import a_key, a_result

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RENDERED = FhirPublisher("Investigational.", "urn:oid:1.2.3").render(a_result())
OF_RESULT = {
    "tenant": "default",
    "patient_id": "PAT-0001",
    "issuer": "HOSPITAL",
    "result_id": a_result().result_id,
    "record": json.dumps(to_record(a_result().assessment)),
    "bundle": RENDERED,
    "sex": "female",
    "birth_date": date(1951, 4, 3),
    "study_date": date(2025, 9, 14),
    "withdrawn_at": None,
    "withdrawn_why": None,
    "missing_since": None,
    "decision": "accepted",
    "measured": json.dumps(to_record(a_result().assessment)),
    "left_out": [["L2", "fracture"]],
    "number": 1,
    "body": b"{}",
    "superseded": None,
}


def previous_revision():
    """That of the version before."""
    scripts = ScriptDirectory.from_config(migrations._configuration())
    return scripts.get_revision(scripts.get_current_head()).down_revision


def a_value(column):
    """Something of the column's type."""
    kinds = (
        *((Boolean, False), (BigInteger, 7), (Integer, 7), (Float, 7.5), (LargeBinary, b"bytes")),
        *((JSON, []), (DateTime, MOMENT), (Date, MOMENT.date())),
    )
    found = next((value for kind, value in kinds if isinstance(column.type, kind)), "text")
    return str(found)[: getattr(column.type, "length", None) or 100] if isinstance(found, str) else found


def filled(engine):
    """A row in every table of the old version that has none; all rows by table."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            if table.name == "alembic_version" or connection.execute(select(table)).first() is not None:
                continue
            row = {column.name: OF_RESULT.get(column.name, a_value(column)) for column in table.c}
            connection.execute(table.insert().values(**row))
        return {
            table.name: [row._asdict() for row in connection.execute(select(table))]
            for table in tables.sorted_tables
            if table.name != "alembic_version"
        }


@pytest.fixture
def old(empty_database):
    """The URL of a database of the previous version, and what is in it."""
    migrate(empty_database, previous_revision())
    engine = open_engine(empty_database)
    rows = filled(engine)
    engine.dispose()
    return empty_database, rows


def test_every_row_is_there_after_the_upgrade(old):
    """Column by column; the service reads the result and the list of opt-outs."""
    url, rows = old
    migrate(url)
    engine = open_engine(url)
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        now = {name: [row._asdict() for row in connection.execute(select(tables.tables[name]))] for name in rows}
    reached, known = revision_of(engine), SqlAssessmentStore(engine, None).latest(a_key())
    opted_out = SqlOptOuts(engine, None).has_opted_out(a_key())
    engine.dispose()

    assert reached == newest_revision()
    assert {name: [{key: row[key] for key in old_row} for row, old_row in zip(now[name], rows[name], strict=True)]
            for name in rows} == rows  # fmt: skip
    assert known.assessment == a_result().assessment
    assert opted_out


def test_the_next_start_completes_what_the_older_version_did_not_keep(old, clock):
    """`prepare_databases` fills in resources of old results; again, it changes nothing."""
    url, _ = old
    migrate(url)
    engine = open_engine(url)
    backfill_resources(engine, clock)
    backfill_resources(engine, clock)
    names = inspect(engine).get_table_names()
    engine.dispose()

    assert "tissue_days" in names


def test_the_way_back_keeps_what_the_older_version_knows(old):
    """A site that goes back to the version before finds its rows."""
    url, rows = old
    migrate(url)
    revert(url, previous_revision())
    engine = open_engine(url)
    back = filled(engine)
    engine.dispose()

    assert back == rows
