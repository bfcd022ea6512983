"""The way of results into the imaging archive, where the site wants it: for workers, and for taking results back."""

from sqlalchemy import Engine

from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.web import DicomwebArchive
from cds.hooks.discovery import SERVICES
from cds.image_results import ResultDelivery
from cds.ports import Clock
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.regions import SqlRegionStore
from cds.storage.service_modes import SqlServiceModes


def result_delivery(
    settings: Settings, archive: FolderArchive | DicomwebArchive, engine: Engine, clock: Clock
) -> ResultDelivery | None:
    """None unless OSTEOCDS_STORE_RESULTS is set and the archive is a server."""
    if not settings.store_results or not isinstance(archive, DicomwebArchive):
        return None
    from cds.dicomweb.results.archive import DicomwebResults

    modes = SqlServiceModes(engine, clock, settings.mode)
    return ResultDelivery(
        regions=SqlRegionStore(engine, clock),
        results=SqlAssessmentStore(engine, clock),
        archive=DicomwebResults(archive, settings.notice),
        audit=SqlAuditLog(engine, clock),
        opt_outs=SqlOptOuts(engine, clock),
        clock=clock,
        is_live=lambda: any(modes.mode_of(service) == "live" for service in SERVICES),
    )
