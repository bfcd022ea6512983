"""Who a hook asks about, whether its orders are for the same patient, and whether one of them matters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cds.client import Client
from cds.hooks.discovery import HookService
from cds.hooks.dispatched_orders import dispatched_orders
from cds.hooks.messages import HookCall, Resource
from cds.hooks.order_kinds import OrderKinds, shipped_kinds
from cds.hooks.problems import Problem
from cds.hooks.references import context_patient, last_id, patient_in, relative_reference
from cds.hooks.selected_orders import selected_orders
from cds.ports import ChartAccess, PatientChart

_WHO_IT_IS_FOR = ("subject", "patient", "for")
"""Where R4 request resources name their patient."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The facts of a hook call that a card needs; FHIR ids of the client's own server."""

    patient_id: str
    user: str | None
    """Such as "Practitioner/7"; None where the client sent nothing usable."""
    encounter_id: str | None
    orders_imaging: bool
    """An order that matters: a CT that would show the spine, or DXA. In order-select, among the selected ones."""
    orders_dxa: bool = False
    """DXA is among the orders, selected or not."""
    dxa_draft: Resource | None = None
    """The draft DXA order as the client sent it, where there is exactly one that has an id."""
    order_ids: frozenset[str] = frozenset()
    """Of the call's ServiceRequests: a dispatched order is in the chart, too."""
    service: str = ""
    """Id of the service that was called."""
    hook_instance: str = ""
    client: str | None = None
    """Issuer of the client's tokens, where it had to show one."""

    @property
    def told_to(self) -> str | None:
        """The user, told apart from users of other clients; None for somebody without a name."""
        return " ".join(filter(None, (self.client, self.user))) if self.user else None


@dataclass(frozen=True, slots=True)
class CallReader:
    """Reads hook calls by the site's rule of which orders matter."""

    kinds: OrderKinds
    chart: PatientChart

    async def asked(self, call: HookCall, service: HookService, access: ChartAccess | None, client: Client) -> Asked:
        """As `asked_of`, on behalf of a client; reads dispatched orders where they were not brought."""
        dispatched: tuple[Resource, ...] = ()
        if service.orders == "dispatched":
            dispatched = await dispatched_orders(call, _patient_id(call, service), self.chart, access)
        return replace(asked_of(call, service, self.kinds, dispatched), client=client.issuer)


def asked_of(
    call: HookCall, service: HookService, kinds: OrderKinds | None = None, dispatched: tuple[Resource, ...] = ()
) -> Asked:
    """Read the context; every order must be for `context.patientId`, else 400."""
    kinds = kinds or shipped_kinds()
    patient_id = _patient_id(call, service)
    orders, meant = _orders(call, service, dispatched)
    for number, order in enumerate(orders):
        if not _is_for(order, patient_id):
            raise Problem(400, f"{service.orders.capitalize()} order {number} is not for the patient of the context.")
    dxa = [order for order in orders if kinds.kind_of(order) == "dxa"]
    return Asked(
        patient_id=patient_id,
        user=relative_reference(call.context.user_id),
        encounter_id=last_id(call.context.encounter_id),
        orders_imaging=any(kinds.kind_of(order) != "other" for order in meant),
        orders_dxa=bool(dxa),
        dxa_draft=_only_draft(dxa) if service.orders == "draft" else None,
        order_ids=frozenset(map(_id, orders)) - {""},
        service=service.service_id,
        hook_instance=call.hook_instance,
    )


def _patient_id(call: HookCall, service: HookService) -> str:
    if call.hook != service.hook:
        raise Problem(400, f"This service answers the hook {service.hook}; the call names another.")
    patient_id = context_patient(call.context.patient_id)
    if patient_id is None:
        raise Problem(400, "context.patientId is not a FHIR id.")
    return patient_id


def _orders(
    call: HookCall, service: HookService, dispatched: tuple[Resource, ...]
) -> tuple[Sequence[Resource], Sequence[Resource]]:
    """All of them, and those that the call is about."""
    if service.orders != "draft":
        return dispatched, dispatched
    drafts = call.context.draft_orders
    if drafts is None:
        raise Problem(400, "context.draftOrders is missing.")
    return drafts.resources, selected_orders(drafts, call.context.selections)


def _only_draft(orders: Sequence[Resource]) -> Resource | None:
    return orders[0] if len(orders) == 1 and _id(orders[0]) else None


def _id(order: Resource) -> str:
    """Of a ServiceRequest; "" where it has none."""
    given = order.get("id") if order.get("resourceType") == "ServiceRequest" else None
    return given if isinstance(given, str) else ""


def _is_for(order: Resource, patient_id: str) -> bool:
    """A ServiceRequest must name its patient; other orders may have no field for one."""
    named = [order[key] for key in _WHO_IT_IS_FOR if order.get(key)]
    if not named:
        return order.get("resourceType") != "ServiceRequest"
    return all(patient_in(reference) == patient_id for reference in named)
