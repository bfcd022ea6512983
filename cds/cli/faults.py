"""How a command ends: exit status and one line on standard error.

0  done, also when the CT is not assessable
1  our own fault, or something we need was away
2  the input, a setting or the output place cannot be used
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import extract_tb

import structlog
import typer

from cds.errors import InputUnusable, OsteocdsError, SettingsInvalid

FAULT = 1
UNUSABLE = 2
_USERS_TO_MEND = (InputUnusable, SettingsInvalid)


@contextmanager
def exit_status() -> Iterator[None]:
    """Turn what goes wrong inside into an exit status.

    The log says where our own faults happened, never what with: a message may quote patient data.
    """
    try:
        yield
    except OsteocdsError as error:
        typer.echo(f"osteocds: {error}", err=True)
        raise typer.Exit(UNUSABLE if isinstance(error, _USERS_TO_MEND) else FAULT) from error
    except (typer.Exit, typer.Abort, KeyboardInterrupt):
        raise
    except Exception as error:  # the last line before the user: anything else would be a bare traceback
        fault = uuid.uuid4().hex[:12]
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)]
        structlog.get_logger().error("fault", id=fault, kind=type(error).__name__, where=where[-6:])
        typer.echo(
            f"osteocds: this should not have happened ({type(error).__name__}, id {fault}); "
            "please report it with the log above",
            err=True,
        )
        raise typer.Exit(FAULT) from error
