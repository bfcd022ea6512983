"""The databases: prepared before anything listens, opened for whoever reads and writes results."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from cds.durable.database import prepare_queue_database
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.backfill import backfill_resources
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.wiring.clock import SystemClock


def prepare_databases(settings: Settings) -> None:
    """Create or upgrade the application tables and those of the queue."""
    with open_records(settings) as engine:
        backfill_resources(engine, SystemClock())
    prepare_queue_database(settings.durable_database_url)


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
