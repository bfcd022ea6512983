"""`osteocds serve` and `osteocds worker`."""

import sys

import structlog
import uvicorn

from cds.app import create_app
from cds.cli.configuration import read_settings, tell_expired_calibrations
from cds.dicomweb.archive import open_archive
from cds.durable.supervisor import WorkerSupervisor
from cds.errors import SettingsInvalid
from cds.fhir_client.ehr_file import read_ehrs
from cds.loopback import is_loopback
from cds.settings import Settings
from cds.wiring.records import prepare_databases
from cds.wiring.web import web_collaborators

MAX_HEADER_BYTES = 32 * 1024
"""Of a request line and headers that are still incomplete: room for a JWT with a certificate chain; more gets 400."""
SHUTDOWN_S = 10
"""For hooks in flight; workers get the rest of the 30 s that a shutdown may take."""


def run_serve() -> None:
    """Prepare the databases, start the workers, listen until told to stop."""
    settings = read_settings()
    _refuse_open_doors(settings)
    tell_expired_calibrations(settings)
    read_ehrs(settings)
    open_archive(settings)  # contacts nothing; a wrong setting is told here, not by dying workers
    prepare_databases(settings)
    app = create_app(settings, web_collaborators(settings))
    supervisor = WorkerSupervisor([sys.executable, "-m", "cds.cli", "worker", "--watched"], settings.workers)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            http="h11",  # bounds the size of request lines and headers; httptools does not
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            access_log=False,  # its lines carry query strings and link tokens
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )
    supervisor.start()
    try:
        server.run()
    finally:
        supervisor.stop()
    if not server.started:
        raise SettingsInvalid(
            f"cannot listen on {settings.host}:{settings.port}; see the log above, or set OSTEOCDS_PORT"
        )


def run_worker(*, watched: bool) -> None:
    """Load the networks, take work from the queue; `watched` workers end with their parent."""
    from cds.durable.worker_process import run_worker_process
    from cds.wiring.worker import worker_of

    settings = read_settings()
    prepare_databases(settings)
    run_worker_process(worker_of(settings), parent_holds_stdin=watched)


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
