"""The way of results into the imaging archive, where the site wants it: for workers, and for taking results back."""

from sqlalchemy import Engine

from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.web import DicomwebArchive
from cds.image_results import ResultDelivery
from cds.ports import Clock
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.regions import SqlRegionStore


def result_delivery(
    settings: Settings, archive: FolderArchive | DicomwebArchive, engine: Engine, clock: Clock
) -> ResultDelivery | None:
    """None unless OSTEOCDS_STORE_RESULTS is set and the archive is a server."""
    if not settings.store_results or not isinstance(archive, DicomwebArchive):
        return None
    from cds.dicomweb.results.archive import DicomwebResults

    return ResultDelivery(
        regions=SqlRegionStore(engine, clock),
        results=SqlAssessmentStore(engine, clock),
        archive=DicomwebResults(archive, settings.notice),
        audit=SqlAuditLog(engine, clock),
        clock=clock,
        is_live=lambda: settings.mode == "live",
    )
