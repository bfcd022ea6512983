"""Real worker processes with fake steps, forked from one that has imported what they need: no test waits for that."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
MODULE = "tests.support.fake_worker"


class WorkerProcess:
    """A process like any other, whose standard input we hold."""

    def __init__(self, arguments: Sequence[object]) -> None:
        theirs, self._ours = _forking().Pipe(duplex=False)
        self._process = _forking().Process(target=_run, args=(theirs, [str(each) for each in arguments]))
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Of the worker itself."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Its status, once it has ended; of a signal: the number, negative."""
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> int | None:
        """Its status; None if it still runs after that long."""
        self._process.join(seconds)
        return self._process.exitcode

    def terminate(self) -> None:
        """Tell it to stop."""
        self._process.terminate()

    def kill(self) -> None:
        """End it, and see it ended."""
        self._process.kill()
        self._process.join()

    def let_go(self) -> None:
        """Close its standard input, as the kernel does for a dead parent."""
        self._ours.close()


@contextmanager
def worker_processes() -> Iterator[list[WorkerProcess]]:
    """A list to put workers into; none of them outlives the block."""
    started: list[WorkerProcess] = []
    try:
        yield started
    finally:
        for worker in started:
            worker.let_go()
            worker.kill()


@cache
def _forking() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([MODULE])
    with chdir(REPOSITORY):  # from where the module is found
        forkserver.ensure_running()
    return context


def _run(standard_input: Connection, arguments: list[str]) -> None:
    os.dup2(standard_input.fileno(), 0)
    standard_input.close()
    from tests.support.fake_worker import main  # noqa: PLC0415 - there already, in the process that this is forked from

    main(arguments)
