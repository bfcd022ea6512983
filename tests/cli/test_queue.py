"""`osteocds queue` in this process: what it prints, and that operators leave an audit row."""

import json

import pytest
import structlog
from sqlalchemy import select
from typer.testing import CliRunner

from cds.cli import app
from cds.durable.queue import DbosScreeningQueue
from cds.settings import Settings
from cds.storage.engine import open_engine
from cds.storage.tables import audit
from cds.wiring.clock import SystemClock
from cds.wiring.records import prepare_databases
from tests.support.assessments import GENERATION, an_order


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    """A site with one order and no worker."""
    monkeypatch.setenv("OSTEOCDS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "140")
    settings = Settings()
    prepare_databases(settings)
    queue = DbosScreeningQueue(settings.durable_database_url, GENERATION, SystemClock())
    queue.submit(an_order())
    queue.close()


def run(*arguments):
    """Run the command."""
    try:
        return CliRunner().invoke(app, ["queue", *arguments])
    finally:
        structlog.reset_defaults()


def listed():
    """The orders, as programs read them."""
    return json.loads(run("list", "--json", "-").stdout)["orders"]


def test_the_table_names_orders_by_ids_that_can_be_typed():
    """And nothing of the patient."""
    (order,) = listed()
    done = run("list")

    assert done.exit_code == 0, done.output
    assert order["order"][:19] in done.stdout
    assert "waiting" in done.stdout
    assert "PAT-0001" not in done.stdout


def test_dropping_leaves_an_empty_list_and_an_audit_row():
    """By the short id of the table."""
    (order,) = listed()
    done = run("drop", order["order"][:19])
    engine = open_engine(Settings().app_database_url)
    with engine.connect() as connection:
        rows = connection.execute(select(audit.c.event, audit.c.outcome, audit.c.detail)).all()
    engine.dispose()

    assert done.exit_code == 0, done.output
    assert listed() == []
    assert rows == [("queue", "dropped", f"{order['order']}.1")]


def test_an_order_that_is_not_there_is_unusable_input():
    """Status 2 and one line."""
    assert run("retry", "screen-000000000000").exit_code == 2
