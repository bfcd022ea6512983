"""`osteocds mode` in this process: what it lists, sets and refuses."""

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from cds.cli import app
from cds.hooks.discovery import SERVICES
from cds.settings import Settings
from cds.storage.engine import open_engine
from cds.storage.service_modes import SqlServiceModes
from cds.storage.tables import audit
from tests.support.clock import SettableClock

SIGN = "osteocds-order-sign"


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    """A site that never ran, in shadow by its settings."""
    monkeypatch.setenv("OSTEOCDS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("OSTEOCDS_MODE", "shadow")
    monkeypatch.setenv("COLUMNS", "100")


def mode(*arguments):
    """Run the command."""
    return CliRunner().invoke(app, ["mode", *arguments])


def modes_now():
    """What a replica would go by."""
    engine = open_engine(Settings().app_database_url)
    modes = SqlServiceModes(engine, SettableClock(), "shadow")
    found = {service: modes.mode_of(service) for service in SERVICES}
    engine.dispose()
    return found


def test_every_service_is_listed_with_its_mode():
    """Before the first start too; the table says who decided."""
    done = mode()

    assert done.exit_code == 0, done.output
    for service in SERVICES:
        (line,) = [line for line in done.stdout.splitlines() if line.split()[:1] == [service]]
        assert line.split()[1:] == ["shadow", "OSTEOCDS_MODE"]


def test_one_service_is_changed_and_the_others_stay():
    """The list that follows shows it."""
    done = mode(SIGN, "live")

    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.stdout.splitlines() if SIGN in line]
    assert line.split()[1:3] == ["live", "operator,"]
    assert modes_now() == dict.fromkeys(SERVICES, "shadow") | {SIGN: "live"}


def test_all_services_at_once_and_back():
    """`all off` in trouble, `all settings` afterwards; each change of each service is in the audit."""
    mode("all", "off")
    off = modes_now()
    mode("all", "settings")

    assert off == dict.fromkeys(SERVICES, "off")
    assert modes_now() == dict.fromkeys(SERVICES, "shadow")
    engine = open_engine(Settings().app_database_url)
    with engine.connect() as connection:
        rows = connection.execute(select(audit).order_by(audit.c.number)).all()
    engine.dispose()
    assert [(row.event, row.outcome, row.detail) for row in rows] == [
        ("mode-changed", outcome, service) for outcome in ("off", "settings: shadow") for service in SERVICES
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("another", "live"), "there is no service another; known: "), ((SIGN,), "which mode?"), ((SIGN, "on"), "'on'")],
)
def test_what_is_no_service_or_no_mode_is_status_2(arguments, sentence):
    """Nothing changes."""
    done = mode(*arguments)

    assert done.exit_code == 2
    assert sentence in done.stderr
    mode()
    assert modes_now() == dict.fromkeys(SERVICES, "shadow")
