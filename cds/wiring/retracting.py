"""What taking results back needs: the store, the publisher, and every place where results may lie."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from cds.dicomweb.archive import open_archive
from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.web import DicomwebArchive
from cds.ports import Clock, ResultPlace
from cds.recalling import Recalling
from cds.registry.export_files import ExportFiles
from cds.reporting.bundle import FhirPublisher
from cds.result_places import Charts, Exports, Images
from cds.retracting import Retracting
from cds.settings import Settings
from cds.storage.audit_log import SqlAuditLog
from cds.storage.exported_copies import SqlExportedCopies
from cds.storage.outbox import SqlOutbox
from cds.storage.recalls import SqlRecalls
from cds.storage.regions import SqlRegionStore
from cds.storage.resource_queries import SqlResources
from cds.storage.retractions import SqlRetractions
from cds.wiring.clock import SystemClock
from cds.wiring.image_results import LateImageResults
from cds.wiring.records import open_records


def retracting(
    settings: Settings, archive: FolderArchive | DicomwebArchive, engine: Engine, clock: Clock
) -> Retracting:
    """The same for the command line and for workers, who finish what could not be done at once."""
    return Retracting(
        retractions=SqlRetractions(engine),
        publisher=FhirPublisher(settings.notice, settings.identifier_system),
        places=_places(settings, archive, engine, clock),
        audit=SqlAuditLog(engine, clock),
        clock=clock,
    )


@contextmanager
def open_retracting(settings: Settings) -> Iterator[Retracting]:
    """For an operator's command."""
    with open_records(settings) as engine:
        yield retracting(settings, open_archive(settings), engine, SystemClock())


@contextmanager
def open_recalling(settings: Settings) -> Iterator[Recalling]:
    """For an operator's command."""
    with open_records(settings) as engine:
        clock = SystemClock()
        yield Recalling(SqlRecalls(engine), SqlAuditLog(engine, clock), clock)


def exported_copies(settings: Settings, engine: Engine) -> SqlExportedCopies:
    """With the folder where their files are."""
    return SqlExportedCopies(engine, ExportFiles(settings.export_folder, SqlResources(engine)).remove)


def _places(
    settings: Settings, archive: FolderArchive | DicomwebArchive, engine: Engine, clock: Clock
) -> tuple[ResultPlace, ...]:
    """Registries and archive are asked even where neither gets results now: they may have had some once."""
    outside = (Charts(SqlOutbox(engine, clock)), Exports(exported_copies(settings, engine)))
    if not isinstance(archive, DicomwebArchive):
        return outside
    return (*outside, Images(LateImageResults(archive, settings.notice), SqlRegionStore(engine, clock)))
