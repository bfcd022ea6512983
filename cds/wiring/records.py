"""The databases: prepared before anything listens, opened for whoever reads and writes results."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from cds.durable.database import prepare_queue_database
from cds.errors import RecordsUnavailable
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.backfill import backfill_resources
from cds.storage.engine import open_engine
from cds.storage.looking import DatabaseNotMade, DatabaseUnusable, looking_at
from cds.storage.migrate import migrate
from cds.wiring.clock import SystemClock


def prepare_databases(settings: Settings) -> None:
    """Create or upgrade the application tables and those of the queue; raises `RecordsUnavailable` naming a setting."""
    _refuse_unusable("OSTEOCDS_DATABASE_URL", settings.app_database_url)
    _refuse_unusable("OSTEOCDS_QUEUE_DATABASE_URL", settings.durable_database_url)
    with open_records(settings) as engine:
        backfill_resources(engine, SystemClock())
    prepare_queue_database(settings.durable_database_url)


def _refuse_unusable(setting: str, url: str) -> None:
    """Told before anything is made; an SQLite file that is not there yet will be."""
    try:
        with looking_at(url) as engine, engine.connect():
            pass
    except DatabaseNotMade:
        return
    except DatabaseUnusable as fault:
        raise RecordsUnavailable(f"{setting} (SQLite without it: OSTEOCDS_DATA_DIR): {fault}") from fault


@contextmanager
def open_records(settings: Settings) -> Iterator[Engine]:
    """The application tables for an operator's command, created or upgraded first."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    migrate(settings.app_database_url)
    engine = open_engine(settings.app_database_url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def open_store(settings: Settings) -> Iterator[SqlAssessmentStore]:
    """The results, for a short look."""
    engine = open_engine(settings.app_database_url)
    try:
        yield SqlAssessmentStore(engine, SystemClock())
    finally:
        engine.dispose()
