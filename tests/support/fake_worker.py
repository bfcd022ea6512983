"""A real worker process with fake steps: `python -m tests.support.fake_worker URL FOLDER STEP`.

The named step blocks until the file "go" appears in the folder, so that tests can kill it there. In its
place these misbehave in each measurement of a patient whose identifier begins with "BAD":

crash   kills the worker, as a CT would that breaks native code
hog     takes memory, more and more
hang    computes for ever, and lets no other thread run

With `--archive` the measure step retrieves a series from that DICOMweb root. With `--clock` the process has the
time that a file says (`tests.support.wrong_clock`).

With `--records` workers beat in that database, and so see each other. With `--stores` they also put pictures and
results there, as real ones do.
"""

import argparse
import os
import re
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cds.durable.limits import Limits, resident_mb
from cds.durable.worker import Worker
from cds.durable.worker_process import ENDS_WITHIN_S, run_worker_process
from cds.storage.engine import open_engine
from cds.storage.health import SqlArchiveWatch, SqlHeartbeats
from cds.wiring.clock import SystemClock
from tests.support.fake_steps import FakeHeartbeats, FakeOutcomes, FakeSteps, FakeWatch
from tests.support.wrong_clock import ClockOffBy


@dataclass
class BlockingSteps(FakeSteps):
    """Writes to the ledger first, then waits in one of its steps."""

    blocked_step: str = ""

    def _ran(self, step: str, patient_id: str) -> None:
        super()._ran(step, patient_id)
        if step == "measure" and patient_id.startswith("BAD"):
            _misbehave(self.blocked_step)
        while step == self.blocked_step and not (self.ledger.parent / "go").exists():
            time.sleep(0.02)


def _misbehave(how: str) -> None:
    match how:
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hog":
            taken = []
            while True:
                taken.append(b"x" * 2**24)
                time.sleep(0.01)
        case "hang":
            re.fullmatch("(a+)+b", "a" * 60)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until told to stop, or until the parent lets go of standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("blocked_step")
    parser.add_argument("--records", help="URL of application tables, prepared")
    parser.add_argument("--machine", default="one", help="its slots are not those of another machine")
    parser.add_argument("--look-every-s", type=float, default=5.0)
    parser.add_argument("--stores", action="store_true")
    parser.add_argument("--ends-within-s", type=float, default=ENDS_WITHIN_S)
    parser.add_argument("--archive", help="DICOMweb root")
    parser.add_argument("--clock", type=Path, help="file with the hours that the clock is ahead")
    wanted = parser.parse_args(arguments)
    engine = wanted.records and open_engine(wanted.records)
    clock = SystemClock()
    if wanted.clock:
        clock = ClockOffBy(wanted.clock)
        clock.set_whole_process()
    ledger, step = wanted.folder / "ledger", wanted.blocked_step
    steps = BlockingSteps(ledger, blocked_step=step)
    if wanted.stores:  # the others start without what storing needs
        from tests.support.storing_steps import StoringSteps  # noqa: PLC0415

        steps = StoringSteps(steps, engine)
    if wanted.archive:
        from tests.support.retrieving_steps import retrieving_from  # noqa: PLC0415

        steps = retrieving_from(wanted.archive, steps)
    worker = Worker(
        queue_database_url=wanted.url,
        steps=steps,
        archive_watch=SqlArchiveWatch(engine, clock) if engine else FakeWatch(),
        outcomes=FakeOutcomes(),
        heartbeats=SqlHeartbeats(engine, clock) if engine else FakeHeartbeats(),
        slots=wanted.folder / "slots" / wanted.machine,
        limits=Limits(60, int(resident_mb()) + 300, hung_after_processor_s=1 if step == "hang" else 20),
        finish_within_s=2,
        look_every_s=wanted.look_every_s,
        listen_every_s=0.05,
        retry_after_s=0.1 if wanted.archive else 1.0,
    )
    run_worker_process(worker, parent_holds_stdin=True, niceness=0, ends_within_s=wanted.ends_within_s)


if __name__ == "__main__":
    main()
