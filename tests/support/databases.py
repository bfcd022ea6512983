"""Databases for tests, empty or with tables: SQLite always, PostgreSQL where a server is named."""

import atexit
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.support.postgres import server_url

Prepare = Callable[[str], None]
"""Makes the tables of a database: `migrate`, or `prepare_queue_database`."""


@contextmanager
def an_empty_database(kind, tmp_path) -> Iterator[str]:
    """The URL of a database without tables; skips the test where there is no such server."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    with _on_the_server() as url:
        yield url


@contextmanager
def a_database_with(prepare: Prepare, kind, tmp_path) -> Iterator[str]:
    """The URL of a database with tables, made once in this process and copied for each test; skips likewise."""
    if kind == "sqlite":
        file = tmp_path / "test.db"
        file.write_bytes(_sqlite_template(prepare))
        yield f"sqlite:///{file}"
        return
    with _on_the_server(like=prepare) as url:
        yield url


@contextmanager
def _on_the_server(like: Prepare | None = None) -> Iterator[str]:
    url = server_url()
    if url is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is needed here: install Debian's package postgresql")
        pytest.skip("no PostgreSQL: install Debian's package postgresql, or set OSTEOCDS_TEST_POSTGRES_URL")
    name = _create(url, None if like is None else _postgresql_template(url, like))
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        _on(url, f"DROP DATABASE {name} WITH (FORCE)")


@cache
def _sqlite_template(prepare: Prepare) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.db"
        prepare(f"sqlite:///{file}")
        assert not Path(f"{file}-wal").exists()
        return file.read_bytes()


@cache
def _postgresql_template(url: str, prepare: Prepare) -> str:
    """Goes with the server; on one that a site names, with the process that made it."""
    name = _create(url)
    atexit.register(_on, url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    prepare(make_url(url).set(database=name).render_as_string(hide_password=False))
    return name


def _create(url: str, template: str | None = None) -> str:
    name = f"test_{uuid.uuid4().hex}"
    _on(url, f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    return name


def _on(url: str, statement: str) -> None:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
