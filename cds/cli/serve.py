"""`osteocds serve` and `osteocds worker`."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from cds.app import create_app
from cds.cli.configuration import read_settings, tell_expired_calibrations
from cds.cli.logs import send_logs_to_stderr
from cds.dicomweb.archive import open_archive
from cds.durable.supervisor import WorkerSupervisor
from cds.ending import end_in_time, end_now
from cds.errors import SettingsInvalid
from cds.fhir_client.ehr_file import read_ehrs
from cds.loopback import is_loopback
from cds.settings import Settings
from cds.wiring.records import prepare_databases
from cds.wiring.telemetry import sending_spans
from cds.wiring.web import web_collaborators

MAX_HEADER_BYTES = 32 * 1024
"""Of a request line and headers that are still incomplete: room for a JWT with a certificate chain; more gets 400."""
SHUTDOWN_S = 10
"""For hooks in flight; workers get the rest of the 30 s that a shutdown may take."""
WORKERS_END_WITHIN_S = 19


def run_serve() -> None:
    """Prepare the databases, start the workers, listen until told to stop."""
    settings = read_settings()
    _refuse_open_doors(settings)
    tell_expired_calibrations(settings)
    read_ehrs(settings)
    open_archive(settings)  # contacts nothing; a wrong setting is told here, not by dying workers
    prepare_databases(settings)
    app = _settled(create_app(settings, web_collaborators(settings)))
    supervisor = WorkerSupervisor([sys.executable, "-m", "cds.cli", "worker", "--watched"], settings.workers)
    supervisor.start()
    ending = _Ending()
    end_in_time(ending.told, ending.answered, SHUTDOWN_S + 1, lambda: _leave(supervisor))
    try:
        answer = _answer_alone if settings.web_processes == 1 else _answer_together
        listened = answer(app, settings, ending)
    finally:
        ending.answered.set()
        supervisor.stop(WORKERS_END_WITHIN_S)
    if not listened:
        raise SettingsInvalid(
            f"cannot listen on {settings.host}:{settings.port}; see the log above, or set OSTEOCDS_PORT"
        )
    if ending.told.is_set():
        end_now()  # Python would wait for threads that still wait for a database


def web_application() -> FastAPI:
    """What each of several web processes answers with; it ends with its parent, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()
    send_logs_to_stderr()
    settings = read_settings()
    return _settled(create_app(settings, web_collaborators(settings)))


def _settled(app: FastAPI) -> FastAPI:
    """What lives as long as the process is not looked at by the garbage collector any more: each look held up calls."""
    gc.collect()
    gc.freeze()
    return app


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class _Ending:
    """How far the end of this process is."""

    told: threading.Event = field(default_factory=threading.Event)
    """To stop."""
    answered: threading.Event = field(default_factory=threading.Event)
    """The calls that were in flight; nobody listens any more."""


def _leave(supervisor: WorkerSupervisor) -> None:
    """Without web processes or threads that hang; the workers end in order as ever."""
    for process in multiprocessing.active_children():
        process.kill()
    supervisor.stop(WORKERS_END_WITHIN_S - 2)


class _Server(uvicorn.Server):
    """Says at once that it was told to stop."""

    def __init__(self, config: uvicorn.Config, told: threading.Event) -> None:
        super().__init__(config)
        self._told = told

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal has arrived."""
        self._told.set()
        super().handle_exit(sig, frame)


def _answer_alone(app: FastAPI, settings: Settings, ending: _Ending) -> bool:
    """In this process, until told to stop; whether it could listen."""
    server = _Server(_configuration(app, settings), ending.told)
    # uvicorn raises SIGTERM again once it has shut down, which would end the process before its workers are stopped.
    signal.signal(signal.SIGTERM, lambda *_: None)
    server.run()
    return server.started


def _answer_together(_: FastAPI, settings: Settings, ending: _Ending) -> bool:
    """In several processes that share a port, each with an application of its own; one that dies is replaced."""
    configuration = _configuration(f"{__name__}:{web_application.__name__}", settings)
    processes = Multiprocess(configuration, sockets=[configuration.bind_socket()])
    processes.should_exit = ending.told
    processes.run()
    return True


def _configuration(app: FastAPI | str, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=settings.web_processes,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        log_config=None,  # its lines go the way of all others
        loop="uvloop",
        http="h11",  # bounds the size of request lines and headers; httptools does not
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        access_log=False,  # its lines carry query strings and link tokens
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
        timeout_worker_healthcheck=30,
    )


def run_worker(*, watched: bool) -> None:
    """Load the networks, take work from the queue; `watched` workers end with their parent."""
    from cds.durable.worker_process import run_worker_process
    from cds.wiring.worker import worker_of

    settings = read_settings()
    prepare_databases(settings)
    worker = worker_of(settings)
    with sending_spans("worker"):
        run_worker_process(worker, parent_holds_stdin=watched, niceness=settings.worker_niceness)


def _refuse_open_doors(settings: Settings) -> None:
    """Without client authentication anyone who reaches the port may ask about any patient."""
    if settings.client_auth == "required":
        _refuse_unnamed(settings)
        return
    if not is_loopback(settings.host):
        raise SettingsInvalid(
            f"OSTEOCDS_HOST={settings.host}: with OSTEOCDS_CLIENT_AUTH=off the service listens on a loopback address "
            "only; set OSTEOCDS_CLIENT_AUTH=required and OSTEOCDS_CLIENTS_FILE"
        )
    structlog.get_logger("osteocds.clients").warning("client authentication is off: this machine only")


def _refuse_unnamed(settings: Settings) -> None:
    """Clients sign their tokens for the address that they call: off this machine the service must know its own."""
    if settings.public_url is None and not is_loopback(settings.host):
        raise SettingsInvalid(
            f"OSTEOCDS_PUBLIC_URL is not set: with OSTEOCDS_HOST={settings.host} name the https address under which "
            "clients reach the service; it is the audience of their tokens"
        )
