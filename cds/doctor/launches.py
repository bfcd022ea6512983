"""From which EHRs readers may come: each is asked what a launch would ask it."""

from collections.abc import Callable, Sequence
from typing import Final

import anyio
import httpx

from cds.doctor.finding import Finding, failed, ok
from cds.errors import SettingsInvalid
from cds.launch import LaunchRefused
from cds.security.authorization_server import EhrDoor
from cds.security.key_set import KeysUnusable, read_key_set
from cds.security.launch_file import LaunchingEhr, read_launching_ehrs
from cds.settings import Settings

_CHECK: Final = "readers"
_MEND: Final = (
    "launches from there are refused: under the iss in OSTEOCDS_LAUNCH_FILE, .well-known/smart-configuration must "
    "answer this machine, with S256 among code_challenge_methods_supported and https endpoints, and its jwks_uri "
    "must hold keys; else mend the way there (TLS, firewall)"
)

AskEhr = Callable[[str], None]
"""Its iss; raises `LaunchRefused` or `KeysUnusable` as a launch would be refused."""


def ask_ehr(iss: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
    """Discovery and keys; nobody is logged in."""

    async def ask() -> None:
        door = EhrDoor(transport)
        try:
            read_key_set(await door.keys(await door.endpoints(iss)))
        finally:
            await door.aclose()

    anyio.run(ask)


def check_launches(settings: Settings, ask: AskEhr = ask_ehr) -> Finding:
    """The launch file, and every EHR that it lists."""
    if settings.launch_file is None:
        return ok(_CHECK, "none come from an EHR: OSTEOCDS_LAUNCH_FILE is not set")
    try:
        ehrs = read_launching_ehrs(settings.launch_file)
    except SettingsInvalid as fault:
        return failed(_CHECK, "the list cannot be used", str(fault))
    wrong = [f"{each.name}: {fault}" for each in ehrs for fault in _faults(each, ask)]
    if wrong:
        return failed(_CHECK, "; ".join(wrong), _MEND)
    return ok(_CHECK, f"may come from {len(ehrs)} EHR: discovery, PKCE and keys are as a launch needs them")


def _faults(ehr: LaunchingEhr, ask: AskEhr) -> Sequence[str]:
    try:
        ask(ehr.iss)
    except LaunchRefused as fault:
        return [fault.reason]
    except KeysUnusable as fault:
        return [str(fault)]
    return []
