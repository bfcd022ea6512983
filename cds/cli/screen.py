"""`osteocds screen`: queues a whole archive, newest first, at the pace that the site allows."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cds.cli.configuration import read_settings
from cds.cli.opt_out import OptOutRequest, patients_of
from cds.errors import InputUnusable, SettingsInvalid
from cds.pace import Hours, Pace
from cds.settings import Settings
from cds.sweep import OUTCOMES, Sweep, SweepRequest
from cds.wiring.clock import SystemClock
from cds.wiring.sweeping import open_sweeping

_A_LINE_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class ScreenRequest:
    """What the operator asked for."""

    first_day: date
    last_day: date
    patients: Path | None
    between: str | None
    per_hour: float
    requests_per_s: float
    ahead: int


def run_screen(request: ScreenRequest) -> None:
    """Queue what is not known, and go on where the same command stopped; raises `InputUnusable`."""
    settings = read_settings()
    if settings.archive_issuer is None and not settings.archive_single_issuer:
        raise SettingsInvalid("set OSTEOCDS_ARCHIVE_ISSUER, or OSTEOCDS_ARCHIVE_SINGLE_ISSUER=true, as for the hooks")
    sweep = _sweep_request(request, settings)
    pace = Pace(SystemClock(), request.per_hour, request.requests_per_s, _hours(request.between))
    with open_sweeping(settings, pace, request.ahead, settings.tenant) as sweeping, _shown() as told:
        done = sweeping.run(sweep, told)
    typer.echo(f"{_counts(done)}; workers measure what is queued")


def _sweep_request(request: ScreenRequest, settings: Settings) -> SweepRequest:
    first = request.first_day
    if settings.max_scan_age_days is not None:
        oldest = SystemClock().now().date() - timedelta(days=settings.max_scan_age_days)
        if first < oldest:
            typer.echo(f"osteocds: from {oldest}: older CT are not used (OSTEOCDS_MAX_SCAN_AGE_DAYS)", err=True)
            first = oldest
    listed = None if request.patients is None else patients_of(OptOutRequest(file=request.patients), settings)
    if any(each.issuer != settings.archive_issuer for each in listed or ()):
        raise InputUnusable(f"{request.patients}: an issuer is not that of OSTEOCDS_ARCHIVE_ISSUER")
    try:
        return SweepRequest(settings.tenant, first, request.last_day, None if listed is None else tuple(listed))
    except ValueError as fault:
        raise InputUnusable(f"nothing to look at: {fault}") from None


def _hours(text: str | None) -> Hours | None:
    try:
        return None if text is None else Hours.parse(text)
    except ValueError:
        raise InputUnusable(f"--between {text}: write HH:MM-HH:MM, such as 20:00-06:00") from None


@contextmanager
def _shown() -> Iterator[Callable[[Sweep], None]]:
    """A bar on a terminal, plain lines elsewhere; both on standard error."""
    console = Console(stderr=True)
    rate = _Rate()
    if not console.is_terminal:
        yield _Lines(rate).tell
        return
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("screen", total=None, words="")

        def tell(sweep: Sweep) -> None:
            bar.update(task, total=sweep.units, completed=sweep.done, words=f"{_counts(sweep)} | {rate.words(sweep)}")

        yield tell


class _Lines:
    """One line now and then."""

    def __init__(self, rate: "_Rate") -> None:
        self._rate = rate
        self._next = 0.0

    def tell(self, sweep: Sweep) -> None:
        """Print, unless the last line is fresh."""
        if time.monotonic() >= self._next or sweep.finished:
            self._next = time.monotonic() + _A_LINE_EVERY_S
            typer.echo(f"{sweep.done} of {sweep.units} | {_counts(sweep)} | {self._rate.words(sweep)}", err=True)


class _Rate:
    """Studies an hour and time left, since this command began; the hours in which it may not work count too."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: Sweep | None = None

    def words(self, sweep: Sweep) -> str:
        """Such as "812 studies/h, about 3:40 h left"."""
        self._first = self._first or sweep
        took_h = max(time.monotonic() - self._began, 1e-3) / 3600
        studies = sum(sweep.counts.values()) - sum(self._first.counts.values())
        units = sweep.done - self._first.done
        speed = f"{studies / took_h:.0f} studies/h"
        if units == 0 or sweep.finished:
            return speed
        left = timedelta(hours=took_h / units * (sweep.units - sweep.done))
        minutes = int(left.total_seconds() // 60)
        return f"{speed}, about {minutes // 60}:{minutes % 60:02d} h left"


def _counts(sweep: Sweep) -> str:
    return ", ".join(f"{sweep.counts.get(each, 0)} {each}" for each in OUTCOMES)
