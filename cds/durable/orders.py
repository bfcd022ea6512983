"""An order as the queue keeps it: identifiers and dates, no names; and the id of its work."""

import hashlib
import json
from datetime import date, datetime
from typing import Any

from cds.ct.patient import PatientIdentity, PatientKey
from cds.order import ImagingOrder
from cds.trace import outgoing

OrderJson = dict[str, Any]

_PRIORITIES = {"order-sign": 1, "order-select": 2, "archive-watch": 1_500, "archive-sweep": 2_000}
_LOWEST_OF_HOOKS = 3
"""1 goes first: at order-sign a clinician may be waiting; a glance at a chart can wait. What no clinician asked
for goes last."""
AFTER_OTHERS = 1_000
"""Priority of an attempt that follows a failure: after the hooks, before what no clinician asked for."""


def order_to_json(order: ImagingOrder) -> OrderJson:
    """Everything the slow path needs to know of an order."""
    key = order.patient.key
    born = order.patient.birth_date
    return {
        "tenant": key.tenant,
        "patient_id": key.patient_id,
        "issuer": key.issuer,
        "birth_date": born.isoformat() if born else None,
        "sex": order.patient.sex,
        "hook": order.hook,
        "placed_at": order.placed_at.isoformat(),
        **outgoing(),
    }


def order_from_json(data: OrderJson) -> ImagingOrder:
    """The order again; raises `IdentifierRefused` or KeyError for what `order_to_json` never wrote."""
    key = PatientKey(data["tenant"], data["patient_id"], data["issuer"])
    born = date.fromisoformat(data["birth_date"]) if data["birth_date"] else None
    patient = PatientIdentity(key, born, data["sex"])
    return ImagingOrder(patient, datetime.fromisoformat(data["placed_at"]), data["hook"])


def priority_of(order: ImagingOrder) -> int:
    """Lower numbers are taken first."""
    return priority_at(order.hook)


def priority_of_next_attempt(order: OrderJson) -> int:
    """After a failure; never better than the first attempt had."""
    return max(AFTER_OTHERS, priority_at(order["hook"]))


def was_asked_by_clinician(priority: int) -> bool:
    """Whether a hook placed the order that has this priority, perhaps after failures."""
    return priority <= AFTER_OTHERS


def priority_at(hook: str) -> int:
    """Of orders of this origin."""
    return _PRIORITIES.get(hook, _LOWEST_OF_HOOKS)


def work_id(patient: PatientKey, generation: str) -> str:
    """One name for all attempts to screen this patient with these models; tells nothing of the patient."""
    issuer = None if patient.issuer is None else patient.issuer.strip()
    name = json.dumps([patient.tenant, patient.patient_id.strip(), issuer, generation])
    return "screen-" + hashlib.sha256(name.encode()).hexdigest()[:40]


def attempt_id(work: str, attempt: int) -> str:
    """The workflow id of one attempt, counted from 1; a finished id keeps its outcome for ever."""
    return f"{work}.{attempt}"


def next_attempt_id(workflow_id: str) -> str:
    """The id of the attempt after this one."""
    work, _, attempt = workflow_id.rpartition(".")
    return attempt_id(work, int(attempt) + 1)
