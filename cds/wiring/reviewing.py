"""What a reader's decision needs: the store and the publisher, and no pixels."""

from collections.abc import Iterator
from contextlib import contextmanager

from cds.errors import SettingsInvalid
from cds.reporting.bundle import FhirPublisher
from cds.reviewing import Reviewing
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.engine import open_engine
from cds.storage.migrate import newest_revision, revision_of
from cds.storage.reviews import SqlReviews
from cds.wiring.clock import SystemClock


@contextmanager
def open_reviewing(settings: Settings) -> Iterator[Reviewing]:
    """Raises `SettingsInvalid` where the database was not prepared by this version of the service."""
    engine = open_engine(settings.app_database_url)
    clock = SystemClock()
    try:
        if revision_of(engine) != newest_revision():
            raise SettingsInvalid("the application database is not of this version: start `osteocds serve` once")
        yield Reviewing(
            store=SqlAssessmentStore(engine, clock),
            reviews=SqlReviews(engine),
            publisher=FhirPublisher(settings.notice, settings.identifier_system),
            audit=SqlAuditLog(engine, clock),
            clock=clock,
        )
    finally:
        engine.dispose()
