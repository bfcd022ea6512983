from dataclasses import dataclass, field

import pytest

from cds.client import Client
from cds.hooks.discovery import SERVICES
from cds.hooks.dispatched_orders import MOST_ORDERS
from cds.hooks.messages import HookCall
from cds.hooks.order_codes import shipped_order_codes
from cds.hooks.order_kinds import OrderKinds
from cds.hooks.orders import CallReader
from cds.hooks.problems import Problem
from cds.ports import ChartAccess, ChartUnreadable
from cds.screening import Known
from tests.support.assessments import a_result
from tests.support.hook_calls import FHIR_ID, FHIR_SERVER, a_bundle, a_prefetch, a_service_request, an_order_dispatch
from tests.support.hook_site import a_site

EHR = Client("https://ehr.example.org")
ACCESS = ChartAccess(FHIR_SERVER, "t0ken")
CT = a_service_request(id="ct", code={"text": "CT chest"})
LAB = a_service_request(id="lab", code={"text": "Lipid panel"})
DXA = a_service_request(id="dxa", code={"text": "DXA"})


@dataclass
class OrderServer:
    """A FHIR server with some orders; unreadable for what it does not know."""

    orders: dict[str, object]
    asked: list[tuple[ChartAccess, dict[str, str]]] = field(default_factory=list)

    async def fetch(self, access, queries):
        """The pages of each query."""
        self.asked.append((access, dict(queries)))
        known = {key: self.orders.get(query) for key, query in queries.items()}
        return {key: (page,) if page else ChartUnreadable("fhirServer answered 404") for key, page in known.items()}


async def asked(call, *orders, access=ACCESS, server=None):
    """What a call asks about, before a server that knows these orders."""
    server = server or OrderServer({f"ServiceRequest/{order['id']}": order for order in orders})
    service = SERVICES["osteocds-order-dispatch"]
    return await CallReader(OrderKinds(shipped_order_codes()), server).asked(
        HookCall.model_validate(call), service, access, EHR
    )


async def test_orders_are_read_from_the_server_in_one_go():
    """Each ServiceRequest by its reference, with the token of the call; one that matters is enough."""
    server = OrderServer({"ServiceRequest/lab": LAB, "ServiceRequest/ct": CT})

    found = await asked(an_order_dispatch("ServiceRequest/lab", "ServiceRequest/ct"), server=server)

    assert (found.patient_id, found.orders_imaging, found.orders_dxa) == (FHIR_ID, True, False)
    names = ["ServiceRequest/lab", "ServiceRequest/ct"]
    assert server.asked == [(ACCESS, {name: name for name in names})]


@pytest.mark.parametrize(
    "context",
    [
        {"dispatchedOrders": None, "order": "ServiceRequest/ct"},
        {"dispatchedOrders": None, "order": "ServiceRequest/ct", "task": {"resourceType": "Task"}},
        {"dispatchedOrders": ["ServiceRequest/ct"], "fulfillmentTasks": [{"resourceType": "Task"}]},
        {"dispatchedOrders": ["ServiceRequest/ct"], "fulfillment-tasks": [{"resourceType": "Task"}]},
        {"dispatchedOrders": [{"reference": "ServiceRequest/ct"}]},
        {"dispatchedOrders": [f"{FHIR_SERVER}/ServiceRequest/ct"], "performer": None},
        {"dispatchedOrders": ["ServiceRequest/ct/_history/4", "ServiceRequest/ct"]},
        {"dispatchedOrders": "ServiceRequest/ct"},
    ],
)
async def test_both_versions_of_the_context_are_read(context):
    """1.0 has `order` and `task`; 1.1 has lists, and spells the tasks in two ways."""
    call = an_order_dispatch("unused", context=context, fhirServer=FHIR_SERVER)
    call["context"] = {key: value for key, value in call["context"].items() if value is not None}

    found = await asked(call, CT)

    assert (found.orders_imaging, found.user, found.encounter_id) == (True, None, None)


@pytest.mark.parametrize(
    "brought",
    [
        {"prefetch": {"order": CT}},
        {"prefetch": {"orders": {"resourceType": "Bundle", "entry": [{"resource": LAB}, {"resource": CT}, None]}}},
        {"context": {"fulfillmentTasks": [{"resourceType": "Task", "contained": [CT]}]}},
        {"context": {"task": {"resourceType": "Task", "contained": [CT]}, "dispatchedOrders": ["#ct"]}},
    ],
)
async def test_orders_that_the_call_brings_are_not_read(brought):
    """Prefetched alone or in a Bundle, or contained in a Task."""
    server = OrderServer({})

    found = await asked(an_order_dispatch("ServiceRequest/ct", **brought), server=server, access=None)

    assert found.orders_imaging
    assert server.asked == []


async def test_other_kinds_of_orders_are_not_read():
    """Medication is dispatched too; that concerns no CT."""
    server = OrderServer({})

    found = await asked(an_order_dispatch("MedicationRequest/1"), server=server)

    assert not found.orders_imaging
    assert server.asked == []


async def test_dxa_that_is_dispatched_is_noticed_but_is_no_draft():
    """The card supports it, and does not try to change an order that is signed."""
    found = await asked(an_order_dispatch("ServiceRequest/dxa"), DXA)

    assert (found.orders_imaging, found.orders_dxa, found.dxa_draft) == (True, True, None)


@pytest.mark.parametrize(
    ("server", "access", "said"),
    [
        ({}, ACCESS, "fhirServer answered 404"),
        ({}, None, "names no fhirServer"),
        ({"ServiceRequest/ct": LAB}, ACCESS, "something else"),
        ({"ServiceRequest/ct": {"resourceType": "OperationOutcome"}}, ACCESS, "something else"),
    ],
)
async def test_an_order_that_cannot_be_had_is_412(server, access, said):
    """Without the order nothing can be said about it, and the answer says so."""
    with pytest.raises(Problem, match=f"neither prefetched nor readable.*{said}") as problem:
        await asked(an_order_dispatch("ServiceRequest/ct"), server=OrderServer(server), access=access)

    assert problem.value.status == 412


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (an_order_dispatch("ServiceRequest/ct"), "Dispatched order 0 is not for"),
        (
            an_order_dispatch(
                "x",
                context={
                    "task": {"for": {"reference": "Patient/another"}},
                    "dispatchedOrders": ["MedicationRequest/1"],
                },
            ),
            "Fulfillment task 0",
        ),
        (an_order_dispatch("x", context={"dispatchedOrders": []}), "dispatchedOrders is missing"),
        (an_order_dispatch("x", context={"dispatchedOrders": None}), "dispatchedOrders is missing"),
        (an_order_dispatch("ServiceRequest/a b"), "something else than references"),
        (an_order_dispatch("https://elsewhere.example.org/fhir/ServiceRequest/ct"), "something else than references"),
        (an_order_dispatch("ServiceRequest?patient=1"), "something else than references"),
        (an_order_dispatch("x", context={"dispatchedOrders": [7]}), "something else than references"),
        (an_order_dispatch(*(f"ServiceRequest/{n}" for n in range(MOST_ORDERS + 1))), f"more than {MOST_ORDERS}"),
        (an_order_dispatch("x", context={"patientId": "a/b"}), "patientId"),
    ],
)
async def test_a_dispatch_that_does_not_hold_together_is_400(call, said):
    """Another patient's order or task, references that are none, too many of them."""
    with pytest.raises(Problem, match=said) as problem:
        await asked(call, a_service_request("Patient/another", id="ct"))

    assert problem.value.status == 400


async def test_no_order_of_another_service_is_read():
    """order-sign brings its orders along; nothing is fetched for it."""
    server = OrderServer({})
    call = an_order_dispatch() | {"hook": "patient-view"}
    reader = CallReader(OrderKinds(shipped_order_codes()), server)

    await reader.asked(HookCall.model_validate(call), SERVICES["osteocds-patient-view"], ACCESS, EHR)

    assert server.asked == []


async def test_a_dispatched_dxa_is_not_taken_for_another_one_on_record():
    """It is active in the chart, and the finding supports it; with a second one on record there is nothing to say."""
    active, second = DXA | {"status": "active"}, DXA | {"id": "second", "status": "active"}
    summaries = []
    for orders in (a_bundle(active), a_bundle(active, second)):
        call = an_order_dispatch("ServiceRequest/dxa", prefetch=a_prefetch("order-dispatch", orders=orders))
        async with a_site(Known(a_result())).client() as client:
            response = await client.post("/cds-services/osteocds-order-dispatch", json=call)
        summaries.append([card["summary"] for card in response.json()["cards"]])

    assert [len(each) for each in summaries] == [1, 0]
    assert summaries[0][0].endswith("supports the DXA being ordered")
