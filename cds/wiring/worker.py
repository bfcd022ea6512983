"""The worker process: archive, instruments, store and publisher behind the three durable steps."""

from collections.abc import Sequence

from sqlalchemy import Engine

from cds.dicomweb.archive import open_archive
from cds.durable.errands import Errand
from cds.durable.limits import Limits
from cds.durable.patient_archive import PatientArchive
from cds.durable.retention import QueueRetention
from cds.durable.steps import JsonSteps
from cds.durable.worker import Worker
from cds.fhir_client.ehr_session import ehr_client
from cds.inference.generation import generation_of
from cds.inference.identity import SegmenterIdentity
from cds.measurement import Instruments
from cds.metrics.steps import MeteredSteps
from cds.ports import Clock, ImagingArchive, ResultRecipient, VoxelKeeper
from cds.reporting.bundle import FhirPublisher
from cds.screening import Screening
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.confirmations import SqlConfirmations
from cds.storage.engine import open_engine
from cds.storage.health import SqlArchiveWatch, SqlHeartbeats
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.recalls import SqlRecalls
from cds.storage.retention import SqlRetention
from cds.storage.tissue_days import SqlTissueDays
from cds.wiring.clock import SystemClock
from cds.wiring.illustrating import illustrating
from cds.wiring.image_results import corrected_images, result_delivery
from cds.wiring.measuring import instruments_on
from cds.wiring.metrics import process_tally
from cds.wiring.reconfirming import reconfirming_errands
from cds.wiring.retracting import retracting
from cds.wiring.watching import watching_errands
from cds.wiring.write_back import writing_back


def worker_of(settings: Settings) -> Worker:
    """Load everything now, so that the first order meets a warm worker."""
    clock = SystemClock()
    engine = open_engine(settings.app_database_url)
    archive = open_archive(settings)
    instruments = _instruments(settings, PatientArchive(archive, settings.archive_series_limit_s))
    delivery = result_delivery(settings, archive, engine, clock)
    corrections = corrected_images(settings, archive, engine, instruments)
    drawing = illustrating(settings, engine, instruments)
    writing = writing_back(settings, engine, clock, ehr_client())
    keepers = (drawing, *(() if delivery is None else (delivery,)))
    screening = _screening(settings, engine, instruments, keepers, (SqlTissueDays(engine), writing))
    tally = process_tally(engine, clock)
    steps = MeteredSteps(JsonSteps(screening), tally)
    return Worker(
        queue_database_url=settings.durable_database_url,
        steps=steps,
        outcomes=steps,
        archive_watch=SqlArchiveWatch(engine, clock),
        heartbeats=SqlHeartbeats(engine, clock),
        slots=settings.data_dir / "workers",
        limits=Limits(settings.longest_measurement_s, settings.measure_memory_mb),
        errands=(
            tally.bring,
            *_retention(settings, engine, clock),
            *watching_errands(settings, archive, engine, clock, screening.generation),
            *(() if delivery is None else (delivery.deliver,)),
            *(() if corrections is None else (corrections.deliver,)),
            writing.deliver,
            retracting(settings, archive, engine, clock).finish,
            drawing.redraw,
            drawing.purge,
            *reconfirming_errands(settings, archive, engine, clock, screening.generation),
        ),
    )


def _instruments(settings: Settings, archive: ImagingArchive) -> Instruments:
    return instruments_on(
        archive,
        segmenter=settings.segmenter,
        segmenter_timeout_s=settings.segmenter_timeout_s,
        weights_dir=settings.weights_dir,
        calibration_dir=settings.calibration_dir,
        device=settings.device,
        threads=settings.threads,
        population=settings.population,
    )


def _screening(
    settings: Settings,
    engine: Engine,
    instruments: Instruments,
    keepers: Sequence[VoxelKeeper],
    recipients: Sequence[ResultRecipient],
) -> Screening:
    loaded = SegmenterIdentity(instruments.segmenter.name, instruments.segmenter.weights_sha256)
    return Screening(
        instruments=instruments,
        store=SqlAssessmentStore(engine, instruments.clock),
        confirmations=SqlConfirmations(engine, instruments.clock),
        recalls=SqlRecalls(engine),
        publisher=FhirPublisher(settings.notice, settings.identifier_system),
        audit=SqlAuditLog(engine, instruments.clock),
        opt_outs=SqlOptOuts(engine, instruments.clock),
        generation=generation_of(loaded, instruments.calibrator.version, settings.population).name,
        max_scan_age_days=settings.max_scan_age_days,
        allow_unverified_identity=settings.allow_unverified_identity,
        keepers=keepers,
        recipients=recipients,
    )


def _retention(settings: Settings, engine: Engine, clock: Clock) -> tuple[Errand, Errand]:
    """Of records, and of the queue."""
    records = SqlRetention(
        engine, clock, feedback_days=settings.keep_feedback_days, audit_days=settings.keep_audit_days
    )
    queue = QueueRetention(
        settings.durable_database_url,
        clock,
        finished_days=settings.keep_finished_orders_days,
        failed_days=settings.keep_failed_orders_days,
    )
    return records.purge, queue.purge
