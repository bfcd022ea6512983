"""A real worker process with fake steps: `python -m tests.support.fake_worker URL FOLDER STEP`.

The named step blocks until the file "go" appears in the folder, so that tests can kill it there. In its
place these misbehave in each measurement of a patient whose identifier begins with "BAD":

crash   kills the worker, as a CT would that breaks native code
hog     takes memory, more and more

With `--records` workers beat in that database, and so see each other. With `--stores` they also put pictures and
results there, as real ones do.
"""

import argparse
import os
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from cds.durable.limits import Limits, resident_mb
from cds.durable.worker import Worker
from cds.durable.worker_process import run_worker_process
from cds.picture import Picture
from cds.reporting.bundle import FhirPublisher
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.engine import open_engine
from cds.storage.health import SqlHeartbeats
from cds.storage.pictures import SqlPictures
from cds.wiring.clock import SystemClock
from tests.support.assessments import a_key, a_patient, a_result
from tests.support.fake_steps import FakeHeartbeats, FakeSteps, FakeWatch, Json


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


@dataclass
class StoringSteps(BlockingSteps):
    """What is measured is drawn, and what is published is stored, in real tables."""

    engine: Engine | None = None

    def measure(self, choice: Json) -> Json | None:
        """With pictures of a hundred kilobytes."""
        record = super().measure(choice)
        picture = Picture("axial", b"\x89PNG" + os.urandom(100_000), 512, 512, 0.7)
        SqlPictures(self._records, SystemClock()).put(choice["patient_id"], [picture])
        return record

    def publish(self, choice: Json, record: Json) -> str:
        """With its resources."""
        result_id = super().publish(choice, record)
        now = datetime.now(UTC)
        patient = a_patient(a_key(choice["patient_id"]))
        result = a_result(patient, result_id=result_id, measured_at=now)
        rendering = FhirPublisher("Investigational.", "urn:oid:1.2.3").render(result)
        SqlAssessmentStore(self._records, SystemClock()).keep(result, rendering)
        return result_id

    @property
    def _records(self) -> Engine:
        assert self.engine is not None
        return self.engine


def _misbehave(how: str) -> None:
    match how:
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hog":
            taken = []
            while True:
                taken.append(b"x" * 2**24)
                time.sleep(0.01)


def main() -> None:
    """Run until told to stop, or until the parent lets go of standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("blocked_step")
    parser.add_argument("--records", help="URL of application tables, prepared")
    parser.add_argument("--machine", default="one", help="its slots are not those of another machine")
    parser.add_argument("--look-every-s", type=float, default=5.0)
    parser.add_argument("--stores", action="store_true")
    wanted = parser.parse_args()
    engine = wanted.records and open_engine(wanted.records)
    records = engine and SqlHeartbeats(engine, SystemClock())
    ledger, step = wanted.folder / "ledger", wanted.blocked_step
    storing = wanted.stores and StoringSteps(ledger, blocked_step=step, engine=engine)
    worker = Worker(
        queue_database_url=wanted.url,
        steps=storing or BlockingSteps(ledger, blocked_step=step),
        archive_watch=FakeWatch(),
        heartbeats=records or FakeHeartbeats(),
        slots=wanted.folder / "slots" / wanted.machine,
        limits=Limits(seconds=60, memory_mb=int(resident_mb()) + 300),
        finish_within_s=2,
        look_every_s=wanted.look_every_s,
    )
    run_worker_process(worker, parent_holds_stdin=True)


if __name__ == "__main__":
    main()
