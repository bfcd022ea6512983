"""`osteocds drift`: whether a scanner reads the tissues of its patients otherwise than it did."""

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cds.cli.configuration import read_settings
from cds.drift import BASELINE_READINGS, LEAST_SHIFT_HU, RECENT_READINGS, Z_LIMIT
from cds.storage.tissue_days import SqlTissueDays
from cds.wiring.records import open_records


def run_drift() -> None:
    """One line for each scanner, tube voltage and tissue; alerts first. Exit status 3 if there is one."""
    with open_records(read_settings()) as engine:
        drifts = sorted(SqlTissueDays(engine).drifts(), key=lambda each: (not each.alert, -abs(each.z)))
    compared = f"the last {RECENT_READINGS} readings against the first {BASELINE_READINGS}"
    rule = f"Alert: |z| > {Z_LIMIT:g} and a shift of {LEAST_SHIFT_HU:g} HU or more, {compared}."
    table = Table(box=box.SIMPLE_HEAD, caption=rule)
    for heading in ("scanner", "kVp", "tissue", "baseline until", "HU then", "since", "HU now", "shift", "z", ""):
        table.add_column(heading, overflow="fold")
    for each in drifts:
        table.add_row(
            *(Text(each.of.scanner), f"{each.of.kvp:g}", each.of.tissue),
            *(each.baseline_until.isoformat(), f"{each.baseline.mean_hu:.1f}"),
            *(each.recent_since.isoformat(), f"{each.recent.mean_hu:.1f}"),
            *(f"{each.shift_hu:+.1f}", f"{each.z:+.1f}", "ALERT" if each.alert else ""),
        )
    Console().print(table)
    if not drifts:
        typer.echo("No scanner has enough readings yet.")
    if any(each.alert for each in drifts):
        raise typer.Exit(3)
