"""Who a hook asks about, whether its draft orders are for the same patient, and whether imaging is among them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cds.hooks.discovery import HookService
from cds.hooks.messages import HookCall, Resource
from cds.hooks.order_kinds import kind_of
from cds.hooks.problems import Problem

_FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_PATIENT = re.compile(r"(?:(?:https?://\S+/)?Patient/)?(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]+)?")
_REFERENCE = re.compile(r"(?:https?://\S+/)?Patient/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]+)?")
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
    orders_dxa: bool = False
    """DXA is imaging too."""
    dxa_draft: Resource | None = None
    """The draft DXA order as the client sent it, where there is exactly one that has an id."""
    service: str = ""
    """Id of the service that was called."""
    hook_instance: str = ""
    client: str | None = None
    """Issuer of the client's tokens, where it had to show one."""

    @property
    def told_to(self) -> str | None:
        """The user, told apart from users of other clients; None for somebody without a name."""
        return " ".join(filter(None, (self.client, self.user))) if self.user else None


def asked_of(call: HookCall, service: HookService) -> Asked:
    """Read the context; every order must be for `context.patientId`, else 400."""
    if call.hook != service.hook:
        raise Problem(400, f"This service answers the hook {service.hook}; the call names another.")
    named = _PATIENT.fullmatch(call.context.patient_id)
    if named is None or set(named["id"]) == {"."}:
        raise Problem(400, "context.patientId is not a FHIR id.")
    orders: tuple[Resource, ...] = ()
    if service.carries_orders:
        if call.context.draft_orders is None:
            raise Problem(400, "context.draftOrders is missing.")
        orders = call.context.draft_orders.resources
    kinds = {kind_of(order) for order in orders}
    for number, order in enumerate(orders):
        if not _is_for(order, named["id"]):
            raise Problem(400, f"Draft order {number} is not for the patient of context.patientId.")
    return Asked(
        patient_id=named["id"],
        user=_reference(call.context.user_id),
        encounter_id=_encounter_id(call.context.encounter_id),
        orders_imaging=bool(kinds & {"imaging", "dxa"}),
        orders_dxa="dxa" in kinds,
        dxa_draft=_only_dxa(orders),
        service=service.service_id,
        hook_instance=call.hook_instance,
    )


def _only_dxa(orders: Sequence[Resource]) -> Resource | None:
    found = [order for order in orders if kind_of(order) == "dxa"]
    return found[0] if len(found) == 1 and isinstance(found[0].get("id"), str) and found[0]["id"] else None


def patient_in(reference: object) -> str | None:
    """The id that a FHIR Reference to a Patient names, relative or absolute; None if it names none."""
    text = reference.get("reference") if isinstance(reference, dict) else None
    match = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
    return match["id"] if match else None


def _is_for(order: Resource, patient_id: str) -> bool:
    """A ServiceRequest must name its patient; other orders may have no field for one."""
    named = [order[key] for key in _WHO_IT_IS_FOR if order.get(key)]
    if not named:
        return order.get("resourceType") != "ServiceRequest"
    return all(patient_in(reference) == patient_id for reference in named)


def _reference(text: str | None) -> str | None:
    """A relative reference, such as "Practitioner/7", from a relative or absolute one."""
    kind, slash, last = "/".join((text or "").rsplit("/", 2)[-2:]).partition("/")
    return f"{kind}/{last}" if slash and kind.isalpha() and _FHIR_ID.fullmatch(last) else None


def _encounter_id(text: str | None) -> str | None:
    last = (text or "").rpartition("/")[2]
    return last if _FHIR_ID.fullmatch(last) else None
