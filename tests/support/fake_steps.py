"""The slow path without any CT: steps that write down when they ran, and misbehave on request."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass
class FakeSteps:
    """Each step appends "step patient" to a ledger; `trouble` raises what it holds, once each."""

    ledger: Path
    trouble: dict[str, list[Exception]] = field(default_factory=dict)
    nothing_for: frozenset[str] = frozenset()
    opted_out: frozenset[str] = frozenset()
    measure_waits_for: threading.Event | None = None

    def choose(self, order: Json) -> Json | None:
        """A choice that names the patient, or None."""
        self._ran("choose", order["patient_id"])
        return None if order["patient_id"] in self.nothing_for else {"patient_id": order["patient_id"]}

    def measure(self, choice: Json) -> Json | None:
        """A record with one number, or None."""
        self._ran("measure", choice["patient_id"])
        if choice["patient_id"] in self.opted_out:
            return None
        if self.measure_waits_for is not None:
            self.measure_waits_for.wait(30)
        return {"vbmd_mg_cm3": 72.3}

    def publish(self, choice: Json, record: Json) -> str:
        """An id made from the patient."""
        assert record == {"vbmd_mg_cm3": 72.3}
        self._ran("publish", choice["patient_id"])
        return f"result-of-{choice['patient_id']}"

    def lines(self) -> list[str]:
        """What ran so far, in order."""
        return self.ledger.read_text().splitlines() if self.ledger.exists() else []

    def _ran(self, step: str, patient_id: str) -> None:
        with self.ledger.open("a") as ledger:
            ledger.write(f"{step} {patient_id}\n")
        if self.trouble.get(step):
            raise self.trouble[step].pop(0)


@dataclass
class FakeWatch:
    """Remembers what it was told about the archive."""

    told: list[str] = field(default_factory=list)

    def archive_ok(self) -> None:
        """The archive answered."""
        self.told.append("ok")

    def archive_failed(self) -> None:
        """The archive did not."""
        self.told.append("failed")


@dataclass
class FakeOutcomes:
    """Remembers which orders failed for good, by kind, and how many workers were lost."""

    kinds: list[str] = field(default_factory=list)
    lost: int = 0

    def failed(self, kind: str) -> None:
        """One more."""
        self.kinds.append(kind)

    def worker_lost(self) -> None:
        """One more."""
        self.lost += 1


@dataclass
class FakeHeartbeats:
    """Remembers who beat and who left."""

    beats_so_far: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def beat(self, worker: str) -> None:
        """The worker is alive."""
        self.beats_so_far.append(worker)

    def beats(self) -> dict[str, datetime]:
        """Each worker's last one."""
        return {worker: datetime.fromtimestamp(number, UTC) for number, worker in enumerate(self.beats_so_far)}

    def leave(self, worker: str) -> None:
        """The worker stopped."""
        self.left.append(worker)
