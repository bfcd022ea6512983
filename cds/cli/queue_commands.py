"""`osteocds queue`."""

from typing import Annotated

import typer

from cds.cli.faults import exit_status

queue = typer.Typer(help="Orders that wait, run or failed.", no_args_is_help=True)

Order = Annotated[str, typer.Argument(metavar="ORDER", help="Its id as listed, or an unmistakable beginning.")]


@queue.command("list")
def queue_list(
    json_to: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the list as JSON; - for standard output.")
    ] = None,
) -> None:
    """Print what waits, runs or failed, since when and why; ids tell nothing of patients."""
    with exit_status():
        from cds.cli.queue import run_list

        run_list(json_to)


@queue.command("retry")
def queue_retry(order: Order) -> None:
    """Queue again what failed, or take now what waits on purpose."""
    with exit_status():
        from cds.cli.queue import run_retry

        run_retry(order)


@queue.command("drop")
def queue_drop(order: Order) -> None:
    """Work on it no more, and list it no more; the next order for the patient counts again after a day."""
    with exit_status():
        from cds.cli.queue import run_drop

        run_drop(order)
