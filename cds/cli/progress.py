"""A progress bar on standard error; silent where standard error is no terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cds.ports import Progress as Report


@contextmanager
def progress_bar(console: Console) -> Iterator[Report]:
    """Yield a function that shows (what is being done, fraction done)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=1.0)

        def report(what: str, fraction: float) -> None:
            bar.update(task, description=what, completed=fraction)

        yield report
