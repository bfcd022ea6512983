"""The web application: routes, lifespan, error handlers; nothing else."""

import secrets
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import anyio
import structlog
from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import cds
from cds.errors import ArchiveUnavailable
from cds.hooks.desk import HookDesk, HookPorts
from cds.hooks.front_door import FrontDoor
from cds.hooks.problems import Problem, outcome_response
from cds.hooks.routes import hook_routes
from cds.hooks.waiting import Answers
from cds.pages.routes import PagePorts, ReportPages, report_routes
from cds.ports import (
    AssessmentStore,
    AuditLog,
    ClientAuthentication,
    Clock,
    FeedbackLog,
    OptOuts,
    PatientChart,
    Readiness,
    ReportLinks,
    ServiceModes,
    ShownCards,
)
from cds.settings import Settings

_TRY_AGAIN_S = "30"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebCollaborators:
    """What the web process works with, chosen in `cds.wiring`."""

    answering: Answers
    links: ReportLinks
    store: AssessmentStore
    shown: ShownCards
    feedback: FeedbackLog
    chart: PatientChart
    audit: AuditLog
    modes: ServiceModes
    opt_outs: OptOuts
    authentication: ClientAuthentication
    clock: Clock
    readiness: Readiness
    close: Callable[[], Awaitable[None]] | None = None
    """Awaited when the service stops."""


def create_app(settings: Settings, collaborators: WebCollaborators) -> FastAPI:
    """Build the service; raises `SettingsInvalid`."""
    to = collaborators
    hooks = HookPorts(
        answering=to.answering,
        links=to.links,
        shown=to.shown,
        feedback=to.feedback,
        chart=to.chart,
        audit=to.audit,
        modes=to.modes,
        opt_outs=to.opt_outs,
        clock=to.clock,
    )
    pages = PagePorts(to.answering, to.links, to.store, to.audit, to.opt_outs, to.clock)
    app = FastAPI(
        title="osteocds",
        version=cds.__version__,
        lifespan=_lifespan(collaborators),
        docs_url=None,  # both pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(hook_routes(HookDesk(settings, hooks), FrontDoor(to.authentication, to.audit, to.clock)))
    app.include_router(report_routes(ReportPages(settings, pages)))
    _add_health(app, settings, collaborators.readiness)
    _add_error_handlers(app)
    app.add_middleware(OwnFaults)
    return app


def _lifespan(collaborators: WebCollaborators) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            if collaborators.close is not None:
                await collaborators.close()

    return lifespan


def _add_health(app: FastAPI, settings: Settings, readiness: Readiness) -> None:
    thread = anyio.CapacityLimiter(1)
    no_archive = settings.archive_folder is None and settings.archive_url is None

    @app.get("/healthz", tags=["Health"])
    async def healthz() -> JSONResponse:
        """Tell that this process is alive."""
        return JSONResponse({"status": "alive"})

    @app.get("/readyz", tags=["Health"])
    async def readyz() -> JSONResponse:
        """Tell whether this replica can do its work now, and what is missing if not."""
        problems = [*await to_thread.run_sync(readiness.problems, limiter=thread)]
        if no_archive:
            problems.append("No imaging archive is configured.")
        if problems:
            return JSONResponse({"status": "not ready", "problems": problems}, 503)
        return JSONResponse({"status": "ready"} | ({"client_auth": "off"} if settings.client_auth == "off" else {}))


def _add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(_: Request, fault: Problem) -> Response:
        return outcome_response(fault.status, fault.text, fault.headers)

    @app.exception_handler(HTTPException)
    async def http(_: Request, fault: HTTPException) -> Response:
        return outcome_response(fault.status_code, fault.detail, fault.headers)

    @app.exception_handler(RequestValidationError)
    async def parameter(_: Request, __: RequestValidationError) -> Response:
        return outcome_response(422, "A parameter of the request is wrong.")

    @app.exception_handler(ArchiveUnavailable)
    async def archive(_: Request, __: ArchiveUnavailable) -> Response:
        return outcome_response(503, "The imaging archive cannot be asked now.", {"Retry-After": _TRY_AGAIN_S})


class OwnFaults:
    """The outermost border: whatever nobody expected becomes a 500 with an id, and a log line.

    The line says where it happened, never what with: messages of exceptions may repeat patient data.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger("osteocds.faults")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as fault:  # noqa: BLE001 - the border: beyond it the server would log the message
            error_id = secrets.token_hex(6)
            where = [
                f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(fault.__traceback__)
            ]
            self._log.error("own fault", error_id=error_id, kind=type(fault).__name__, where=where[-6:])
            if not begun:
                response = outcome_response(500, f"The fault is ours. Report it with this id: {error_id}.")
                await response(scope, receive, send)
