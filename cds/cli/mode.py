"""`osteocds mode`: which service is live, in shadow or off, and changing it while they run."""

from collections.abc import Sequence

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from cds.cli.configuration import read_settings
from cds.errors import InputUnusable
from cds.hooks.discovery import SERVICES
from cds.mode import Mode
from cds.settings import Settings
from cds.storage.audit_log import SqlAuditLog
from cds.storage.service_modes import FRESH_S, SqlServiceModes
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records

_ALL = "all"
CALLER = "osteocds command line"
"""Of the audit rows that operators leave."""


def run_modes() -> None:
    """Print every service and its mode."""
    settings = read_settings()
    with open_records(settings) as engine:
        Console().print(_table(_modes(engine, settings)))


def run_mode(service: str, mode: Mode | None) -> None:
    """Set the mode of a service, or of all; None goes back to the settings. Raises `InputUnusable`."""
    services = _named(service)
    settings = read_settings()
    with open_records(settings) as engine:
        modes = _modes(engine, settings)
        if mode is None:
            modes.follow_settings(services)
        else:
            modes.choose(services, mode)
        audit = SqlAuditLog(engine, SystemClock())
        for each in services:
            audit.record("mode-changed", None, mode or f"settings: {settings.mode}", each, caller=CALLER)
        Console().print(_table(modes))
    typer.echo(f"Every replica acts on it within {FRESH_S:g} s.")


def _modes(engine: Engine, settings: Settings) -> SqlServiceModes:
    return SqlServiceModes(engine, SystemClock(), settings.mode)


def _named(service: str) -> Sequence[str]:
    if service == _ALL:
        return tuple(SERVICES)
    if service not in SERVICES:
        raise InputUnusable(f"there is no service {service}; known: {', '.join((*SERVICES, _ALL))}")
    return (service,)


def _table(modes: SqlServiceModes) -> Table:
    chosen = modes.chosen()
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("service", "mode", "set by"):
        table.add_column(heading)
    for service in SERVICES:
        choice = chosen.get(service)
        if choice is None:
            table.add_row(service, modes.mode_of(service), "OSTEOCDS_MODE")
        else:
            table.add_row(service, choice.mode, f"operator, {choice.since:%Y-%m-%d %H:%M} UTC")
    return table
