"""The service under test: real processes, a real CT whose result is known, JWT, replay cache and audit on."""

import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from cds.cli.demo import sample_settings
from cds.cli.service_process import RunningService, running_service
from tests.benchmarks.hooks.calls import KNOWN
from tests.benchmarks.hooks.load import Place
from tests.benchmarks.hooks.wire import Connection
from tests.support.client_tokens import ISSUER, a_key_set
from tests.support.postgres import server_url

WITHOUT_FSYNC = "postgresql-without-fsync"
"""To tell the service from the disk: a commit waits for nothing."""
BACKENDS = ("postgresql", WITHOUT_FSYNC, "sqlite")
_KNOWN_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Site:
    """One running service."""

    place: Place
    service: RunningService
    queue_database_url: str


@contextmanager
def a_site(backend: str, sample: Path, **changes: str) -> Iterator[Site]:
    """A fresh service on empty databases; clients must sign, everything else is as in the demonstration."""
    with tempfile.TemporaryDirectory() as folder, _databases(backend, Path(folder)) as (records, queue):
        home = Path(folder)
        (home / "jwks.json").write_bytes(a_key_set())
        (home / "clients.toml").write_text(f'[[client]]\nissuer = "{ISSUER}"\njwks_file = "jwks.json"\n')
        settings = sample_settings(sample) | {
            "CLIENT_AUTH": "required",
            "CLIENTS_FILE": str(home / "clients.toml"),
            "DATABASE_URL": records,
            "QUEUE_DATABASE_URL": queue,
        }
        with running_service(home, settings | changes) as service:
            address = urlsplit(service.base_url)
            yield Site(Place(address.hostname or "", address.port or 0), service, queue)


async def make_known(site: Site) -> None:
    """Order until there is a card."""
    connection = await Connection.open(site.place.host, site.place.port)
    deadline = time.monotonic() + _KNOWN_WITHIN_S
    while not KNOWN.is_right(reply := await connection.ask(KNOWN.make(site.place))):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no card: {reply.status} {reply.body.decode()}")
    connection.close()


@contextmanager
def _databases(backend: str, home: Path) -> Iterator[tuple[str, str]]:
    """URLs for the application and for the queue; PostgreSQL writes through to the disk unless its name says not."""
    if backend == "sqlite":
        yield f"sqlite:///{home / 'osteocds.db'}", f"sqlite:///{home / 'queue.db'}"
        return
    url = server_url(durable=backend != WITHOUT_FSYNC)
    if url is None:
        raise SystemExit("no PostgreSQL: install Debian's package postgresql, or set OSTEOCDS_TEST_POSTGRES_URL")
    names = [f"bench_{uuid.uuid4().hex}" for _ in range(2)]
    with psycopg.connect(url, autocommit=True) as server:
        for name in names:
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            one, other = (make_url(url).set(database=name).render_as_string(hide_password=False) for name in names)
            yield one, other
        finally:
            for name in names:
                server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
