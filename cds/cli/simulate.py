"""`osteocds simulate`: digital patients as DICOM series, with what is true of each beside them.

OUT/SIM-000007/series/IM0001.dcm ...   OUT/SIM-000007/truth.json
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import typer
from rich.console import Console

from cds.cli.progress import progress_bar
from cds.dicomweb.writing import write_series
from cds.errors import InputUnusable, OutputNotWritable
from cds.ports import Progress
from cds.simulation.patient import COMMENTS, LAST_LEVELS, SimulationRequest, patient_id, simulate_ct

SERIES, TRUTH = "series", "truth.json"
WRITING_FROM = 0.85
"""Fraction of a patient's time after which its files are written."""


@dataclass(frozen=True, slots=True)
class SimulateCommand:
    """What the command line asked for."""

    out: Path
    seed: int
    count: int
    study_date: date
    patient: SimulationRequest


MOST_CRUSHED: Final = 0.7
"""Of the height; beyond, nothing of the body is left to draw."""


def level_named(text: str, option: str) -> str:
    """A vertebra between T2 and L5; raises `InputUnusable` naming the option."""
    if text.upper() not in LAST_LEVELS:
        raise InputUnusable(f"{option} {text}: name a vertebra from {LAST_LEVELS[0]} to {LAST_LEVELS[-1]}")
    return text.upper()


def crushed_levels(texts: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Of texts such as L1=0.4; raises `InputUnusable` naming the option."""
    return tuple(_crushed(text) for text in texts)


def _crushed(text: str) -> tuple[str, float]:
    level, _, share = text.partition("=")
    try:
        lost = float(share)
    except ValueError:
        lost = 0.0
    if not 0 < lost <= MOST_CRUSHED:
        raise InputUnusable(f"--crushed {text}: write LEVEL=SHARE, such as L1=0.4; the share is at most {MOST_CRUSHED}")
    return level_named(level, "--crushed"), lost


def run_simulate(command: SimulateCommand) -> None:
    """Write every patient; standard output has the folder of each series, one a line."""
    _prepare(command.out)
    with progress_bar(Console(stderr=True)) as report:
        for number, seed in enumerate(range(command.seed, command.seed + command.count)):
            typer.echo(str(_write(command, seed, _part(report, number, command.count))))


def _prepare(out: Path) -> None:
    """An empty folder; raises `OutputNotWritable` before any work."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with os.scandir(out) as entries:
            occupied = next(entries, None) is not None
    except OSError as error:
        raise OutputNotWritable(f"{out} cannot be made a folder: {error.strerror or error}") from error
    if occupied:
        raise OutputNotWritable(f"{out} is not empty; simulated patients are written into a folder of their own")
    if not os.access(out, os.W_OK):
        raise OutputNotWritable(f"{out} is not writable")


def _write(command: SimulateCommand, seed: int, report: Progress) -> Path:
    identity = f"osteocds simulate {seed} {command.study_date} {command.patient}"
    simulated = simulate_ct(seed, command.patient, command.study_date, _part(report, 0, 1, until=WRITING_FROM))
    report("writing", WRITING_FROM)
    folder = command.out / patient_id(seed)
    try:
        write_series(folder / SERIES, simulated.volume, seed=identity, comments=COMMENTS)
        (folder / TRUTH).write_text(json.dumps(simulated.truth, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputNotWritable(f"{folder} could not be written: {error.strerror or error}") from error
    report("written", 1.0)
    return folder / SERIES


def _part(report: Progress, number: int, count: int, *, until: float = 1.0) -> Progress:
    """Progress of one of several equal parts, the last of which ends at `until`."""

    def of_whole(what: str, fraction: float) -> None:
        named = what if count == 1 else f"patient {number + 1} of {count}: {what}"
        report(named, until * (number + fraction) / count)

    return of_whole
