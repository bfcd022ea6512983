"""Who may call, and with what keys; the secret that signs links."""

import os
import stat
from collections.abc import Callable, Sequence
from typing import Final

import anyio

from cds.doctor.finding import Finding, failed, ok, warning
from cds.errors import SettingsInvalid
from cds.loopback import is_loopback
from cds.security.clients_file import read_clients
from cds.security.key_set import KeysUnusable, read_key_set
from cds.security.key_sources import JwksUrl
from cds.security.registries_file import read_registries
from cds.security.secret import FEWEST_BYTES, link_secret_path
from cds.settings import Settings
from cds.wiring.metrics import metrics_token

ReadUrl = Callable[[str], bytes]
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_jwks_url(url: str) -> bytes:
    """As the service reads it; raises `KeysUnusable`."""

    async def read() -> bytes:
        source = JwksUrl(url)
        try:
            return await source.read()
        finally:
            await source.aclose()

    return anyio.run(read)


def check_clients(settings: Settings, read_url: ReadUrl = read_jwks_url) -> Finding:
    """The CDS Clients and their keys."""
    if settings.client_auth == "off":
        if is_loopback(settings.host):
            return warning(
                "clients",
                "anybody on this machine may call",
                "for real patients set OSTEOCDS_CLIENT_AUTH=required and OSTEOCDS_CLIENTS_FILE",
            )
        return failed(
            "clients",
            f"without authentication `serve` refuses to listen on {settings.host}",
            "set OSTEOCDS_CLIENT_AUTH=required and OSTEOCDS_CLIENTS_FILE",
        )
    try:
        clients = read_clients(settings)
    except SettingsInvalid as fault:
        return failed("clients", "the list cannot be used", str(fault))
    urls = {each.client.issuer: each.jwks_url for each in clients if each.jwks_url}
    return _keys("clients", "OSTEOCDS_CLIENTS_FILE", len(clients), urls, read_url)


def check_registries(settings: Settings, read_url: ReadUrl = read_jwks_url) -> Finding:
    """The registries and their keys."""
    if settings.registries_file is None:
        return ok("registries", "none is named: OSTEOCDS_REGISTRIES_FILE is not set, and nothing is under /fhir")
    try:
        entries = read_registries(settings.registries_file, settings).entries
    except SettingsInvalid as fault:
        return failed("registries", "the list cannot be used", str(fault))
    urls = {each.client.client_id: each.jwks_url for each in entries if each.jwks_url}
    return _keys("registries", "OSTEOCDS_REGISTRIES_FILE", len(entries), urls, read_url)


def check_metrics_token(settings: Settings) -> Finding:
    """Who reads `/metrics`."""
    try:
        token = metrics_token(settings)
    except SettingsInvalid as fault:
        return failed("metrics", "the token cannot be used", str(fault))
    if token is None:
        return ok("metrics", "nobody reads them: OSTEOCDS_METRICS_TOKEN_FILE is not set")
    return ok("metrics", "the token is readable and long enough")


def check_link_secret(settings: Settings) -> Finding:
    """There, long enough, and for our eyes only; it is not made here.

    A file that another user owns is a mounted secret: we read it as one of the others, and cannot close it.
    """
    path, check = link_secret_path(settings), "link secret"
    if settings.link_secret_file is None and not path.exists():
        return ok(check, "will be made in OSTEOCDS_DATA_DIR at the first start")
    mend = "set OSTEOCDS_LINK_SECRET_FILE to a file that our user can read"
    try:
        length, file = len(path.read_bytes().strip()), path.stat()
    except OSError as fault:
        return failed(check, f"{path} cannot be read: {fault.strerror}", mend)
    if length < FEWEST_BYTES:
        return failed(check, f"{path} holds fewer than {FEWEST_BYTES} bytes", f"{mend}, with a longer secret")
    if file.st_uid != os.geteuid():
        return ok(check, f"readable, long enough, given by its owner (uid {file.st_uid})")
    if file.st_mode & _OTHERS:
        return warning(check, f"{path} is open to other users", f"chmod 600 {path}")
    return ok(check, "readable, long enough, ours alone")


def _keys(check: str, setting: str, count: int, urls: dict[str, str], read_url: ReadUrl) -> Finding:
    """Keys in files were read with the list."""
    wrong = [f"{name}: {fault}" for name, url in urls.items() for fault in _faults(url, read_url)]
    if wrong:
        return failed(check, "; ".join(wrong), f"mend the jwks_url in {setting}, or the way there (TLS, firewall)")
    return ok(check, f"{count} named, keys readable")


def _faults(url: str, read_url: ReadUrl) -> Sequence[str]:
    try:
        read_key_set(read_url(url))
    except KeysUnusable as fault:
        return [str(fault)]
    return []
