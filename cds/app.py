"""The web application: routes, lifespan, error handlers; nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

import cds
from cds.border.cors import CorsAllowList
from cds.border.headers import SecurityHeaders, security_headers
from cds.border.health import health_routes
from cds.border.in_flight import InFlight
from cds.border.openapi import add_openapi
from cds.border.own_faults import OwnFaults
from cds.border.tracing import Tracing
from cds.errors import ArchiveUnavailable
from cds.hooks.body import BodyLimits
from cds.hooks.desk import HookDesk, HookPorts
from cds.hooks.discovery import SERVICES
from cds.hooks.front_door import FrontDoor
from cds.hooks.openapi import document_schemas, outcomes
from cds.hooks.problems import Problem, outcome_response
from cds.hooks.routes import hook_routes
from cds.metrics.calls import MeteredCalls
from cds.metrics.desk import MetricsDesk
from cds.metrics.routes import metrics_routes
from cds.pages.reading_ports import ReadingPorts
from cds.pages.reading_routes import reading_routes
from cds.pages.routes import PagePorts, ReportPages, report_routes
from cds.pages.standing import Answers
from cds.ports import (
    AssessmentStore,
    AuditLog,
    CallLog,
    CardMemory,
    ClientAuthentication,
    Clock,
    FeedbackLog,
    OptOuts,
    PatientChart,
    PatientHistory,
    PictureStore,
    Readiness,
    ReportLinks,
    RetractionNotices,
    ServiceModes,
)
from cds.registry.desks import RegistryDesks
from cds.registry.openapi import registry_schemas
from cds.registry.refusals import Refused, refusal_response
from cds.registry.routes import registry_routes
from cds.settings import Settings

_TRY_AGAIN_S = "30"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebCollaborators:
    """What the web process works with, chosen in `cds.wiring`."""

    answering: Answers
    links: ReportLinks
    store: AssessmentStore
    memory: CardMemory
    feedback: FeedbackLog
    chart: PatientChart
    audit: AuditLog
    calls: CallLog
    modes: ServiceModes
    opt_outs: OptOuts
    authentication: ClientAuthentication
    clock: Clock
    readiness: Readiness
    retractions: RetractionNotices
    pictures: PictureStore
    history: PatientHistory
    reading: ReadingPorts | None = None
    """None: no EHR may launch a reader, and there is no `/launch`."""
    metrics: MetricsDesk | None = None
    """None: nothing is counted."""
    registry: RegistryDesks | None = None
    """None: no registry may call, and there is nothing under `/fhir`."""
    recording: Callable[[], AbstractContextManager[None]] = nullcontext
    """Entered while the service answers."""
    close: Callable[[], Awaitable[None]] | None = None
    """Awaited when the service stops."""


def create_app(settings: Settings, collaborators: WebCollaborators) -> FastAPI:
    """Build the service; raises `SettingsInvalid`."""
    to = collaborators
    hooks = HookPorts(
        answering=to.answering,
        links=to.links,
        memory=to.memory,
        feedback=to.feedback,
        chart=to.chart,
        calls=to.calls,
        modes=to.modes,
        clock=to.clock,
        retractions=to.retractions,
    )
    pages = PagePorts(
        answering=to.answering,
        links=to.links,
        store=to.store,
        audit=to.audit,
        opt_outs=to.opt_outs,
        clock=to.clock,
        retractions=to.retractions,
        pictures=to.pictures,
        history=to.history,
    )
    has_archive = settings.archive_folder is not None or settings.archive_url is not None
    app = FastAPI(
        title="osteocds",
        version=cds.__version__,
        lifespan=_lifespan(collaborators),
        openapi_url=None,  # `add_openapi` serves it; FastAPI's pages about it load scripts from elsewhere
        redirect_slashes=False,
        # Its own spans and logs hold paths, queries and errors' texts: patients, and tokens of links.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    door = FrontDoor(to.authentication, to.audit, to.clock)
    desk, limits = HookDesk(settings, hooks), BodyLimits.from_settings(settings)
    app.include_router(hook_routes(desk, door, limits, cards_early=settings.show_cards_early))
    report_pages = ReportPages(settings, pages)
    app.include_router(report_routes(report_pages), responses=outcomes(500))
    if to.reading is not None:
        app.include_router(reading_routes(to.reading, report_pages))
    health = health_routes(to.readiness, archive_configured=has_archive, client_auth=settings.client_auth)
    app.include_router(health, responses=outcomes(500))
    if to.registry is not None:
        app.include_router(registry_routes(to.registry))
    if to.metrics is not None and to.metrics.token is not None:
        app.include_router(metrics_routes(to.metrics.exposition, to.metrics.token))
    _add_error_handlers(app)
    _add_border(app, settings, to.metrics)
    add_openapi(app, document_schemas() | (registry_schemas() if to.registry is not None else {}))
    return app


def _add_border(app: FastAPI, settings: Settings, metrics: MetricsDesk | None) -> None:
    """Innermost first: what is refused by one of them still gets the headers of those around it."""
    app.add_middleware(InFlight, calls="/cds-services/", at_most=settings.max_in_flight)
    app.add_middleware(InFlight, calls="/fhir/", at_most=settings.max_registry_in_flight)
    app.add_middleware(OwnFaults)
    if settings.cors_origins:
        app.add_middleware(CorsAllowList, origins=settings.cors_origins)
    app.add_middleware(SecurityHeaders, headers=security_headers(settings))
    if metrics is not None:
        app.add_middleware(MeteredCalls, tally=metrics.tally, services=tuple(SERVICES))
    app.add_middleware(Tracing)


def _lifespan(collaborators: WebCollaborators) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if collaborators.registry is not None:
            collaborators.registry.start()
        if collaborators.metrics is not None:
            collaborators.metrics.bringing.start()
        try:
            with collaborators.recording():
                yield
        finally:
            if collaborators.metrics is not None:
                await to_thread.run_sync(collaborators.metrics.bringing.close)
            if collaborators.close is not None:
                await collaborators.close()

    return lifespan


def _add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(_: Request, fault: Problem) -> Response:
        return outcome_response(fault.status, fault.text, fault.headers)

    app.add_exception_handler(Refused, refusal_response)

    @app.exception_handler(HTTPException)
    async def http(_: Request, fault: HTTPException) -> Response:
        return outcome_response(fault.status_code, fault.detail, fault.headers)

    @app.exception_handler(RequestValidationError)
    async def parameter(_: Request, __: RequestValidationError) -> Response:
        return outcome_response(422, "A parameter of the request is wrong.")

    @app.exception_handler(ArchiveUnavailable)
    async def archive(_: Request, __: ArchiveUnavailable) -> Response:
        return outcome_response(503, "The imaging archive cannot be asked now.", {"Retry-After": _TRY_AGAIN_S})
