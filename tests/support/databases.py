"""Empty databases for tests: SQLite always, PostgreSQL where a server is named."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.support.postgres import server_url


@contextmanager
def an_empty_database(kind, tmp_path) -> Iterator[str]:
    """The URL of a database without tables; skips the test where there is no such server."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    url = server_url()
    if url is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is needed here: install Debian's package postgresql")
        pytest.skip("no PostgreSQL: install Debian's package postgresql, or set OSTEOCDS_TEST_POSTGRES_URL")
    server = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    name = f"test_{uuid.uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()
