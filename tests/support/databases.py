"""Empty databases for tests: SQLite always, PostgreSQL where a server is named."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, make_url, text

POSTGRES = os.environ.get("OSTEOCDS_TEST_POSTGRES_URL")
"""Such as postgresql://postgres@127.0.0.1:5432/postgres; databases are made and dropped there."""


@contextmanager
def an_empty_database(kind, tmp_path) -> Iterator[str]:
    """The URL of a database without tables; skips the test where there is no such server."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    if POSTGRES is None:
        pytest.skip("OSTEOCDS_TEST_POSTGRES_URL names no server")
    server = create_engine(make_url(POSTGRES).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    name = f"test_{uuid.uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()
