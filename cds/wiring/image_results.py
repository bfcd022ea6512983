"""The way of results into the imaging archive, where the site wants it: for workers, and for taking results back."""

from sqlalchemy import Engine

from cds.bone.regions import MeasuredRegions
from cds.corrected_images import CorrectedImages
from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.web import DicomwebArchive
from cds.hooks.discovery import SERVICES
from cds.image_results import ResultDelivery
from cds.measurement import Instruments
from cds.ports import Clock, Rejection, StoredResult
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.corrections import SqlCorrections
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.regions import SqlRegionStore
from cds.storage.service_modes import SqlServiceModes


class LateImageResults:
    """Loads highdicom for the first result that is stored or rejected, if ever."""

    def __init__(self, archive: DicomwebArchive, notice: str) -> None:
        self._archive = archive
        self._notice = notice

    def store(self, result: StoredResult, regions: MeasuredRegions) -> None:
        """As `DicomwebResults` does."""
        from cds.dicomweb.results.archive import DicomwebResults

        DicomwebResults(self._archive, self._notice).store(result, regions)

    def reject(self, result: StoredResult, why: Rejection) -> bool:
        """As `DicomwebResults` does."""
        from cds.dicomweb.results.archive import DicomwebResults

        return DicomwebResults(self._archive, self._notice).reject(result, why)


def corrected_images(
    settings: Settings, archive: FolderArchive | DicomwebArchive, engine: Engine, instruments: Instruments
) -> CorrectedImages | None:
    """None unless the archive is a server; it is told even where it gets no results now: it may have had some once."""
    if not isinstance(archive, DicomwebArchive):
        return None
    clock = instruments.clock
    modes = SqlServiceModes(engine, clock, settings.mode)
    return CorrectedImages(
        corrections=SqlCorrections(engine),
        results=SqlAssessmentStore(engine, clock),
        archive=LateImageResults(archive, settings.notice),
        instruments=instruments,
        audit=SqlAuditLog(engine, clock),
        opt_outs=SqlOptOuts(engine, clock),
        may_store=lambda: settings.store_results and any(modes.mode_of(service) == "live" for service in SERVICES),
    )


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
