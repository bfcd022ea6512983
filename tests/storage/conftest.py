"""A migrated database for each test, on SQLite and on PostgreSQL."""

import pytest

from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from tests.support.clock import SettableClock
from tests.support.databases import a_database_with, an_empty_database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request, tmp_path):
    """The URL of a database without tables."""
    with an_empty_database(request.param, tmp_path) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """The URL of a migrated one."""
    with a_database_with(migrate, request.param, tmp_path) as url:
        yield url


@pytest.fixture
def engine(database):
    """A migrated database, open."""
    engine = open_engine(database)
    yield engine
    engine.dispose()


@pytest.fixture
def clock():
    """A clock that stands still until it is set."""
    return SettableClock()
