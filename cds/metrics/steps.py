"""The three steps of a screening, counted, timed and traced; what they do and raise stays as it is."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import structlog

from cds.metrics.catalogue import FAILURES, FLAGS, MEASUREMENTS, NOT_ASSESSABLE, SCREENINGS, STAGE_SECONDS
from cds.metrics.tally import Tally
from cds.trace import Fact, note, step

Json = dict[str, Any]
_T = TypeVar("_T")
_ALL_STEPS = "all"
_STAGES = {"read": "retrieve", "segment": "segment", "calibrate": "calibrate", "total": "assess"}
"""As the record names them, and as the metrics do."""


class Steps(Protocol):
    """What is wrapped: the steps with JSON in and out."""

    def choose(self, order: Json) -> Json | None:
        """What to measure."""

    def measure(self, choice: Json) -> Json | None:
        """The assessment record."""

    def publish(self, choice: Json, record: Json) -> str | None:
        """The id of the stored result."""


class MeteredSteps:
    """Takes the place of the steps, and counts how screenings end that no step ends."""

    def __init__(self, steps: Steps, tally: Tally) -> None:
        self._steps = steps
        self._tally = tally
        self._log = structlog.get_logger("osteocds.screening")

    def choose(self, order: Json) -> Json | None:
        """Timed."""
        choice = self._timed("choose", lambda: self._steps.choose(order))
        if choice is None or "already" in choice:
            self._tally.add(SCREENINGS, "nothing-to-measure" if choice is None else "known")
        return choice

    def measure(self, choice: Json) -> Json | None:
        """Its parts are timed by the record itself."""
        record = self._timed("measure", lambda: self._steps.measure(choice))
        if record is None:
            self._tally.add(SCREENINGS, "nothing-to-measure")
        return record

    def publish(self, choice: Json, record: Json) -> str | None:
        """A result counts once it is stored."""
        result_id = self._timed("publish", lambda: self._steps.publish(choice, record))
        self._tally.add(SCREENINGS, "not-published" if result_id is None else record["status"])
        self._count(record)
        return result_id

    def failed(self, kind: str) -> None:
        """For good; by kind of its last error."""
        self._tally.add(SCREENINGS, "failed")
        self._tally.add(FAILURES, _ALL_STEPS, kind)

    def worker_lost(self) -> None:
        """With whatever it had counted of that screening."""
        self._tally.add(FAILURES, _ALL_STEPS, "WorkerLost")

    def _timed(self, name: str, work: Callable[[], _T]) -> _T:
        began = time.perf_counter()
        try:
            with step(name):
                done = work()
                note(_in_short(done))
        except Exception as error:
            self._tally.add(FAILURES, name, type(error).__name__)
            raise
        took_s = time.perf_counter() - began
        if name != "measure":
            self._tally.observe(STAGE_SECONDS, name, seconds=took_s)
        self._log.info("step done", step=name, took_s=round(took_s, 3), nothing=done is None)
        return done

    def _count(self, record: Mapping[str, Any]) -> None:
        self._tally.add(MEASUREMENTS, record["software"]["model"])
        for reason in {each["code"] for each in record["reasons"]}:
            self._tally.add(NOT_ASSESSABLE, reason)
        for flag in set(record["flags"]):
            self._tally.add(FLAGS, flag)
        for name, stage in _STAGES.items():
            if record["timing_s"].get(name) is not None:
                self._tally.observe(STAGE_SECONDS, stage, seconds=record["timing_s"][name])


def _in_short(done: object) -> Mapping[str, Fact]:
    """Of what a step returned: whether it is nothing; of an assessment record, what became of the CT."""
    if not isinstance(done, Mapping) or "reasons" not in done:
        return {"osteocds.nothing": done is None}
    return {"osteocds.status": done["status"], "osteocds.reasons": tuple(each["code"] for each in done["reasons"])}
