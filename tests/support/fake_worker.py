"""A real worker process with fake steps: `python -m tests.support.fake_worker URL FOLDER STEP`.

The named step blocks until the file "go" appears in the folder, so that tests can kill it there.
"crash" in its place kills the worker in each measurement, as a CT would that eats all memory.
"""

import os
import signal
import sys
import time
from pathlib import Path

from cds.durable.worker import Worker
from cds.durable.worker_process import run_worker_process
from tests.support.fake_steps import FakeHeartbeats, FakeSteps, FakeWatch


class BlockingSteps(FakeSteps):
    """Writes to the ledger first, then waits in one of its steps."""

    blocked_step = ""

    def _ran(self, step: str, patient_id: str) -> None:
        super()._ran(step, patient_id)
        if step == "measure" and self.blocked_step == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        while step == self.blocked_step and not (self.ledger.parent / "go").exists():
            time.sleep(0.02)


def main(url: str, folder: Path, blocked_step: str) -> None:
    """Run until told to stop, or until the parent lets go of standard input."""
    steps = BlockingSteps(folder / "ledger")
    steps.blocked_step = blocked_step
    worker = Worker(
        queue_database_url=url,
        steps=steps,
        archive_watch=FakeWatch(),
        heartbeats=FakeHeartbeats(),
        slots=folder / "slots",
        finish_within_s=2,
    )
    run_worker_process(worker, parent_holds_stdin=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
