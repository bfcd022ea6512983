"""When each study was begun and done, and where the time went: from the checkpoints and the stored records."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from dbos import WorkflowStatus
from sqlalchemy import select

from cds.durable.database import QUEUE, open_client
from cds.storage.engine import open_engine
from cds.storage.tables import results
from tests.benchmarks.screen.site import Site

STEPS = ("choose", "measure", "publish")
STAGES = ("read", "segment", "calibrate")


@dataclass(frozen=True, slots=True)
class Passage:
    """One study on its way; moments in seconds."""

    patient_id: str
    worker: str
    queued_at: float
    done_at: float
    seconds: Mapping[str, float]
    """Of each step, of each stage of the measurement, and of what the measurement does beside: pictures."""

    @property
    def latency_s(self) -> float:
        """From the order to the stored result."""
        return self.done_at - self.queued_at


def passages(site: Site) -> list[Passage]:
    """In the order in which they were done."""
    stored = _stored(site.records_url)
    client = open_client(site.queue_url)
    try:
        found = []
        for each in client.list_workflows(queue_name=QUEUE, load_input=False):
            outcome = each.output if isinstance(each.output, dict) else {}
            steps = {
                str(step["function_name"]): (step["started_at_epoch_ms"], step["completed_at_epoch_ms"])
                for step in client.list_workflow_steps(each.workflow_id, load_output=False)
            }
            found.append(_passage(each, steps, *stored[str(outcome["result_id"])]))
        return sorted(found, key=lambda passage: passage.done_at)
    finally:
        client.destroy()


def _passage(
    workflow: WorkflowStatus,
    steps: Mapping[str, tuple[int | None, int | None]],
    patient_id: str,
    stages: Mapping[str, float],
) -> Passage:
    moments = {name: (begun or 0, done or 0) for name, (begun, done) in steps.items() if name in STEPS}
    seconds = {name: (done - begun) / 1000 for name, (begun, done) in moments.items()}
    pictures = seconds["measure"] - stages["total"]
    return Passage(
        patient_id=patient_id,
        worker=str(workflow.executor_id),
        queued_at=(workflow.created_at or 0) / 1000,
        done_at=moments["publish"][1] / 1000,
        seconds={**seconds, **{name: stages[name] for name in STAGES}, "pictures": pictures},
    )


def _stored(records_url: str) -> dict[str, tuple[str, dict[str, float]]]:
    """By result: whose it is, and the seconds that its record tells."""
    engine = open_engine(records_url)
    with engine.connect() as connection:
        rows = connection.execute(select(results.c.result_id, results.c.patient_id, results.c.record)).all()
    engine.dispose()
    return {str(result_id): (patient_id, json.loads(record)["timing_s"]) for result_id, patient_id, record in rows}


def per_hour(found: Sequence[Passage]) -> float:
    """Studies an hour, from the moment when each worker has its first one behind it: that one warms it."""
    firsts = {each.worker: each.done_at for each in reversed(found)}
    warm_at = max(firsts.values())
    later = [each for each in found if each.done_at > warm_at]
    return len(later) / (later[-1].done_at - warm_at) * 3600


def seconds_of(found: Sequence[Passage]) -> dict[str, float]:
    """Mean of each part."""
    return {part: round(mean(each.seconds[part] for each in found), 3) for part in found[0].seconds}
