"""The orders that order-dispatch names by reference: taken from the call where it brings them, else read.

`context.dispatchedOrders` (hook version 1.1) or `context.order` (1.0): references such as "ServiceRequest/123"
brought along: in prefetch, alone or in a Bundle, or contained in a Task   -> used
not brought, and a ServiceRequest                                          -> read from fhirServer; else 412
of another type                                                            -> never read: no imaging is ordered so
a Task for somebody else                                                   -> 400

No prefetch template asks for them: tokens stand for single values, and 1.1 sends a list.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from pydantic import JsonValue

from cds.hooks.messages import HookCall, Resource
from cds.hooks.problems import Problem
from cds.hooks.references import patient_in
from cds.ports import ChartAccess, ChartUnreadable, PatientChart

MOST_ORDERS = 20
"""Orders of one dispatch that are read; more at once is a mistake, or an attack on the client's server."""

_REFERENCE = re.compile(r"(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]+)?")


async def dispatched_orders(
    call: HookCall, patient_id: str, chart: PatientChart, access: ChartAccess | None
) -> tuple[Resource, ...]:
    """Every order that is being dispatched and was brought along or could be read; raises `Problem`."""
    names = tuple(dict.fromkeys(_references(call)))
    if not names:
        raise Problem(400, "context.dispatchedOrders is missing.")
    if len(names) > MOST_ORDERS:
        raise Problem(400, f"context.dispatchedOrders names more than {MOST_ORDERS} orders.")
    tasks = _objects(call.context.fulfillment_tasks)
    _check_tasks(tasks, patient_id)
    brought = {_name(each): each for each in _brought(call, tasks)}
    missing = [name for name in names if name not in brought and name.startswith("ServiceRequest/")]
    orders = brought | (await _read(missing, chart, access) if missing else {})
    return tuple(orders[name] for name in names if name in orders)


def _references(call: HookCall) -> Iterator[str]:
    """Relative references; raises `Problem` for one that names nothing on the client's own server."""
    given = call.context.dispatched_orders if call.context.dispatched_orders is not None else call.context.order
    base = (call.fhir_server or "").rstrip("/") + "/"
    for each in given if isinstance(given, list) else [given] if given is not None else []:
        text = each.get("reference") if isinstance(each, dict) else each
        if isinstance(text, str) and text.startswith("#"):
            yield f"ServiceRequest/{text[1:]}"
            continue
        match = _REFERENCE.fullmatch(text.removeprefix(base)) if isinstance(text, str) else None
        if match is None:
            raise Problem(400, "context.dispatchedOrders holds something else than references to orders.")
        yield f"{match['type']}/{match['id']}"


def _check_tasks(tasks: Iterable[Resource], patient_id: str) -> None:
    for number, task in enumerate(tasks):
        if task.get("for") and patient_in(task["for"]) != patient_id:
            raise Problem(400, f"Fulfillment task {number} is not for the patient of context.patientId.")


def _brought(call: HookCall, tasks: Iterable[Resource]) -> Iterator[Resource]:
    for value in (call.prefetch or {}).values():
        for resource in _objects(value):
            yield resource
            yield from (each for entry in _objects(resource.get("entry")) for each in _objects(entry.get("resource")))
    for task in tasks:
        yield from _objects(task.get("contained"))


async def _read(names: Iterable[str], chart: PatientChart, access: ChartAccess | None) -> dict[str, Resource]:
    if access is None:
        raise _unreadable("The call names no fhirServer to read them from")
    found: dict[str, Resource] = {}
    for name, pages in (await chart.fetch(access, {name: name for name in names})).items():
        if isinstance(pages, ChartUnreadable):
            raise _unreadable(str(pages))
        if len(pages) != 1 or _name(pages[0]) != name:
            raise _unreadable("fhirServer answered with something else than the order")
        found[name] = cast("Resource", dict(pages[0]))
    return found


def _unreadable(why: str) -> Problem:
    return Problem(412, f"The dispatched orders are neither prefetched nor readable. {why}.")


def _objects(value: JsonValue) -> list[Resource]:
    """The objects in a value that may be one, a list, or anything else."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def _name(resource: Mapping[str, object]) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"
