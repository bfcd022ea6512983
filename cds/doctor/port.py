"""The port on which the service listens: free, ours already, or somebody else's."""

import errno
import socket
from typing import Final

import httpx

from cds.doctor.finding import Finding, failed, ok
from cds.settings import Settings

_CHECK: Final = "port"
TITLE: Final = "osteocds"
"""How the service calls itself in its OpenAPI document, which anyone may read."""
_PATIENCE_S: Final = 3.0
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked at, not listened on
_OTHER_PORT: Final = "set OSTEOCDS_PORT to a free port, or end what listens there"


def check_port(settings: Settings) -> Finding:
    """Take it for an instant; where it is taken, ask who is there."""
    host, port = settings.host.strip("[]"), settings.port
    if port == 0:
        return ok(_CHECK, "any free one, a new one at each start")
    where = f"{settings.host}:{port}"
    try:
        _take(host, port)
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            return _who_is_there(where, _ANYWHERE.get(host, host), port)
        if fault.errno == errno.EACCES:
            return failed(_CHECK, f"{port} needs rights that we do not have", "set OSTEOCDS_PORT to 1024 or more")
        advice = "set OSTEOCDS_HOST to an address of this machine, such as 127.0.0.1"
        return failed(_CHECK, f"{where} cannot be listened on: {fault.strerror or fault}", advice)
    return ok(_CHECK, f"{where} is free")


def _take(host: str, port: int) -> None:
    """As the service would; raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)


def _who_is_there(where: str, host: str, port: int) -> Finding:
    address = f"[{host}]" if ":" in host else host
    try:
        answer = httpx.get(f"http://{address}:{port}/openapi.json", trust_env=False, timeout=_PATIENCE_S)
        title = answer.json()["info"]["title"] if answer.is_success else None
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        title = None
    if title == TITLE:
        return ok(_CHECK, f"osteocds answers at {where}")
    return failed(_CHECK, f"something else listens on {where}", _OTHER_PORT)
