"""`osteocds write-back`."""

from typing import Annotated

import typer

from cds.cli.faults import exit_status

write_back = typer.Typer(help="Results on their way into charts of EHRs.", no_args_is_help=True)


@write_back.command("list")
def write_back_list(
    everything: Annotated[bool, typer.Option("--all", help="What is done, too.")] = False,
) -> None:
    """Print what waits, is unresolved or was given up, and why."""
    with exit_status():
        from cds.cli.write_back import run_list

        run_list(everything=everything)


@write_back.command("retry")
def write_back_retry(
    result: Annotated[str | None, typer.Argument(metavar="RESULT", help="Default: all that are not done.")] = None,
) -> None:
    """Try again now what waits, is unresolved or was given up."""
    with exit_status():
        from cds.cli.write_back import run_retry

        run_retry(result)


@write_back.command("keys")
def write_back_keys(
    ehr: Annotated[str | None, typer.Argument(metavar="NAME", help="Default: those of all EHRs.")] = None,
) -> None:
    """Print the public keys of this service as a JWK Set, to be registered at the EHR."""
    with exit_status():
        from cds.cli.write_back import run_keys

        run_keys(ehr)
