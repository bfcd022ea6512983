"""`osteocds write-back`: how far results are on their way into charts, and trying again."""

import json

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cds.cli.configuration import read_settings
from cds.cli.mode import CALLER
from cds.ehr import DeliveryState
from cds.errors import InputUnusable
from cds.fhir_client.ehr_file import read_ehrs
from cds.storage.audit_log import SqlAuditLog
from cds.storage.outbox import SqlOutbox
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records

_UNFINISHED: tuple[DeliveryState, ...] = ("waiting", "unresolved", "given-up")


def run_list(*, everything: bool) -> None:
    """Print what is not finished, or all."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("EHR", "result", "state", "tries", "next (UTC)", "there as", "why"):
        table.add_column(heading, overflow="fold")
    with open_records(read_settings()) as engine:
        deliveries = SqlOutbox(engine, SystemClock()).listed(() if everything else _UNFINISHED)
    for each in deliveries:
        is_open = each.state in ("waiting", "unresolved")
        table.add_row(
            Text(each.ehr),
            each.result_id,
            each.state,
            str(each.attempts),
            f"{each.next_at:%Y-%m-%d %H:%M}" if is_open else "",
            "\n".join(f"{there.type}/{there.id}" for there in each.remote),
            Text(each.why),
        )
    if not deliveries:
        table.caption = "Nothing was offered to an EHR." if everything else "Nothing waits, and nothing was given up."
    Console().print(table)


def run_retry(result_id: str | None) -> None:
    """Make due at once what waits, is unresolved or was given up; raises `InputUnusable` where there is none."""
    with open_records(read_settings()) as engine:
        due = SqlOutbox(engine, SystemClock()).retry(result_id)
        if due:
            SqlAuditLog(engine, SystemClock()).record(
                "write-back", None, "retried", result_id or f"all, {due}", caller=CALLER
            )
    if not due:
        raise InputUnusable("there is nothing to try again; see osteocds write-back list --all")
    typer.echo(f"{due} due now; workers take them within seconds.")


def run_keys(name: str | None) -> None:
    """Print the public keys as a JWK Set, to be registered at the EHR; raises `InputUnusable`."""
    ehrs = [each for each in read_ehrs(read_settings()) if name in (None, each.name)]
    if not ehrs:
        raise InputUnusable("OSTEOCDS_EHR_FILE names no such EHR" if name else "OSTEOCDS_EHR_FILE is not set")
    keys = {each.key.kid: {**each.key.as_dict(private=False), "use": "sig"} for each in ehrs}
    typer.echo(json.dumps({"keys": list(keys.values())}, indent=2))
