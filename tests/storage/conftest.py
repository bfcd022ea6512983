"""An empty database for each test: SQLite always, PostgreSQL where one is named."""

import os
import uuid

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from tests.support.clock import SettableClock

POSTGRES = os.environ.get("OSTEOCDS_TEST_POSTGRES_URL")
"""Such as postgresql://postgres@127.0.0.1:5432/postgres; databases are made and dropped there."""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request, tmp_path):
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'osteocds.db'}"
        return
    if POSTGRES is None:
        pytest.skip("OSTEOCDS_TEST_POSTGRES_URL names no server")
    name = f"test_{uuid.uuid4().hex}"
    server = create_engine(
        make_url(POSTGRES).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def engine(empty_database):
    """A migrated database, open."""
    migrate(empty_database)
    engine = open_engine(empty_database)
    yield engine
    engine.dispose()


@pytest.fixture
def clock():
    """A clock that stands still until it is set."""
    return SettableClock()
