"""The web process: store, queue, links and chart; it never imports torch or pydicom."""

from datetime import timedelta
from functools import partial

from sqlalchemy import Engine

from cds.app import WebCollaborators
from cds.durable.queue import DbosScreeningQueue
from cds.fhir_client.chart import HttpPatientChart
from cds.inference.generation import current_generation
from cds.screening import Answering, AnswerPolicy
from cds.security.links import SignedReportLinks
from cds.security.secret import link_secret
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.card_memory import SqlCardMemory
from cds.storage.engine import open_engine
from cds.storage.feedback import SqlFeedbackLog
from cds.storage.health import SqlServiceHealth
from cds.storage.history import SqlPatientHistory
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.patient_memory import SqlPatientMemory
from cds.storage.pictures import SqlPictures
from cds.storage.readiness import SqlReadiness
from cds.storage.retractions import SqlRetractionNotices
from cds.storage.service_modes import SqlServiceModes
from cds.wiring.clients import client_authentication
from cds.wiring.clock import SystemClock
from cds.wiring.metrics import metrics_desk
from cds.wiring.reading import reading_ports
from cds.wiring.registry import registry_desks
from cds.wiring.telemetry import sending_spans


def web_collaborators(settings: Settings) -> WebCollaborators:
    """Everything `create_app` needs; the databases are prepared already."""
    clock = SystemClock()
    engine = open_engine(settings.app_database_url)
    store = SqlAssessmentStore(engine, clock)
    audit, opt_outs = SqlAuditLog(engine, clock), SqlOptOuts(engine, clock)
    authentication, close_authentication = client_authentication(settings, engine, clock)
    registry, close_registry = registry_desks(settings, engine, audit, clock)
    reading, close_reading = reading_ports(settings, engine, store, audit, clock)
    chart = HttpPatientChart(settings.fhir_origins)
    generation = _generation(settings)
    queue = DbosScreeningQueue(settings.durable_database_url, generation, clock)
    metrics, close_metrics = metrics_desk(settings, engine, clock, generation)

    async def close() -> None:
        await chart.aclose()
        await close_authentication()
        await close_registry()
        await close_reading()
        queue.close()
        close_metrics()
        engine.dispose()

    return WebCollaborators(
        answering=_answering(engine, queue, audit, clock, _policy(settings, generation)),
        links=_links(settings, store),
        store=store,
        memory=SqlCardMemory(engine),
        feedback=SqlFeedbackLog(engine, clock),
        chart=chart,
        audit=audit,
        calls=audit,
        modes=SqlServiceModes(engine, clock, settings.mode),
        opt_outs=opt_outs,
        authentication=authentication,
        clock=clock,
        readiness=SqlReadiness(engine, clock, generation),
        retractions=SqlRetractionNotices(engine),
        pictures=SqlPictures(engine, clock),
        history=SqlPatientHistory(engine),
        reading=reading,
        metrics=metrics,
        registry=registry,
        recording=partial(sending_spans, "web"),
        close=close,
    )


def _answering(
    engine: Engine, queue: DbosScreeningQueue, audit: SqlAuditLog, clock: SystemClock, policy: AnswerPolicy
) -> Answering:
    health = SqlServiceHealth(engine, clock)
    return Answering(SqlPatientMemory(engine), queue, health, audit, clock, policy)


def _links(settings: Settings, store: SqlAssessmentStore) -> SignedReportLinks:
    lifetime = timedelta(hours=settings.link_lifetime_h)
    return SignedReportLinks(link_secret(settings), settings.base_url, lifetime, store)


def _generation(settings: Settings) -> str:
    return current_generation(
        settings.weights_dir,
        settings.population,
        segmenter=settings.segmenter,
        calibration_dir=settings.calibration_dir,
    ).name


def _policy(settings: Settings, generation: str) -> AnswerPolicy:
    return AnswerPolicy(
        generation=generation,
        confirm_every=timedelta(hours=settings.confirm_every_h),
        remember_nothing_found=timedelta(hours=settings.remember_nothing_found_h),
        allow_unverified_identity=settings.allow_unverified_identity,
    )
