"""A target beside what was measured."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table

MET = {True: "met", False: "[bold red]MISSED[/]", None: ""}


@dataclass(frozen=True, slots=True)
class Line:
    """One target. `met` is None where nothing was measured, or nothing was asked for."""

    what: str
    target: str
    measured: str
    met: bool | None


def line_of(what: str, value: float | None, *, least: float | None = None, most: float | None = None) -> Line:
    """A number and its bound; without a bound it is only told."""
    target = _bounds(least, most)
    if value is None:
        return Line(what, target, "not measured", None)
    asked = least is not None or most is not None
    met = (least is None or value >= least) and (most is None or value <= most)
    return Line(what, target, f"{value:.3g}", met if asked else None)


def _bounds(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f"{least:g} to {most:g}"
    if least is not None:
        return f">= {least:g}"
    return "-" if most is None else f"<= {most:g}"


def target_table(rows: Iterable[Line]) -> Table:
    """All targets of a benchmark."""
    table = Table("what", "target", "measured", "", title="targets")
    for row in rows:
        table.add_row(row.what, row.target, row.measured, MET[row.met])
    return table
