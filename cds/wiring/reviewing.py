"""What a reader's decision needs: the store and the publisher, and no pixels."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from cds.correcting import Correcting
from cds.errors import SettingsInvalid
from cds.reporting.bundle import FhirPublisher
from cds.reviewing import Reviewing
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.corrections import SqlCorrections
from cds.storage.engine import open_engine
from cds.storage.migrate import newest_revision, revision_of
from cds.storage.reviews import SqlReviews
from cds.wiring.clock import SystemClock


@contextmanager
def open_reviewing(settings: Settings) -> Iterator[Reviewing]:
    """Raises `SettingsInvalid` where the database was not prepared by this version of the service."""
    with _prepared(settings) as engine:
        clock = SystemClock()
        yield Reviewing(
            store=SqlAssessmentStore(engine, clock),
            reviews=SqlReviews(engine),
            publisher=FhirPublisher(settings.notice, settings.identifier_system),
            audit=SqlAuditLog(engine, clock),
            clock=clock,
        )


@contextmanager
def open_correcting(settings: Settings) -> Iterator[Correcting]:
    """As `open_reviewing`."""
    with _prepared(settings) as engine:
        clock = SystemClock()
        yield Correcting(
            store=SqlAssessmentStore(engine, clock),
            corrections=SqlCorrections(engine),
            publisher=FhirPublisher(settings.notice, settings.identifier_system),
            audit=SqlAuditLog(engine, clock),
            clock=clock,
        )


@contextmanager
def _prepared(settings: Settings) -> Iterator[Engine]:
    engine = open_engine(settings.app_database_url)
    try:
        if revision_of(engine) != newest_revision():
            raise SettingsInvalid("the application database is not of this version: start `osteocds serve` once")
        yield engine
    finally:
        engine.dispose()
