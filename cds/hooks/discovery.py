"""Which services there are, what each wants prefetched, and how each behaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from cds.hooks.messages import DiscoveryResponse, ServiceDescription
from cds.hooks.prefetch_templates import PATIENT, prefetch_for

_IDENTIFIER = (
    "The Patient, by prefetch or from fhirServer, must carry exactly one current identifier of the system "
    "that this service was configured with: it is the patient's identifier in the imaging archive. "
    "Whatever is not prefetched is read from fhirServer with the access token of the call."
)
_WHICH_ORDERS = (
    " Orders count by configured value sets: a CT that would show the spine, or DXA, as ServiceRequests; "
    "for any other order the answer is an empty list of cards, at once."
)
_DISPATCHED = (
    " The dispatched ServiceRequests must be readable from fhirServer with the access token, unless they are "
    "prefetched or contained in the fulfillment tasks."
)


@dataclass(frozen=True, slots=True)
class HookService:
    """One hook, and how the service behind it behaves."""

    hook: str
    title: str
    description: str
    usage: str = _IDENTIFIER
    orders: Literal["none", "draft", "dispatched"] = "none"
    """Where the call has its orders; without one that matters the answer is empty."""
    may_wait: bool = False
    """Called at the end of an action: a short wait for the value is worth it."""
    early: bool = False
    """Called before the decision is due: starts the measurement, shows cards only where configured."""

    @property
    def service_id(self) -> str:
        """The last part of the service's URL."""
        return f"osteocds-{self.hook}"

    @property
    def carries_orders(self) -> bool:
        """Whether only calls with an order that matters are answered."""
        return self.orders != "none"

    def shows_cards(self, *, early: bool) -> bool:
        """Whether it shows cards at all, at a site that wants them early or not; if not, no chart is needed."""
        return early or not self.early


_SERVICES = (
    # The clinician is still choosing and calls come with every click: never wait, prepare.
    HookService(
        hook="order-select",
        title="Bone density from an earlier CT: prepare",
        description="Starts measuring trabecular bone density in a CT that the patient already had, "
        "so that the result is ready when the order is signed.",
        usage=_IDENTIFIER + _WHICH_ORDERS,
        orders="draft",
        early=True,
    ),
    # The clinician has decided and waits for the answer anyway: the moment for the card.
    HookService(
        hook="order-sign",
        title="Bone density from an earlier CT",
        description="Tells how dense the trabecular bone around L1 is in a CT that the patient already had, "
        "how sure that is, and suggests DXA where it is low.",
        usage=_IDENTIFIER + _WHICH_ORDERS,
        orders="draft",
        may_wait=True,
    ),
    # Somebody, perhaps not the clinician, arranges who performs a signed order: the last moment to add a DXA
    # to the same visit. There is no user in this context.
    HookService(
        hook="order-dispatch",
        title="Bone density from an earlier CT: before the examination is arranged",
        description="Tells how dense the trabecular bone around L1 is in a CT that the patient already had, "
        "how sure that is, and suggests DXA where it is low, while the ordered examination is being arranged.",
        usage=_IDENTIFIER + _WHICH_ORDERS + _DISPATCHED,
        orders="dispatched",
        may_wait=True,
    ),
    # A chart is opened for any reason, and must open quickly.
    HookService(
        hook="patient-view",
        title="Bone density from an earlier CT: look ahead",
        description="Starts measuring trabecular bone density in a CT that the patient already had "
        "as soon as the chart is opened.",
        early=True,
    ),
    # A visit begins: minutes before the first order, which is the time that a measurement needs.
    HookService(
        hook="encounter-start",
        title="Bone density from an earlier CT: look ahead to the visit",
        description="Starts measuring trabecular bone density in a CT that the patient already had "
        "when the encounter begins.",
        early=True,
    ),
)

SERVICES: Mapping[str, HookService] = MappingProxyType({service.service_id: service for service in _SERVICES})


def discovery(*, cards_early: bool) -> DiscoveryResponse:
    """What `GET /cds-services` says; who shows no cards asks for no more than who the patient is."""
    return DiscoveryResponse(
        services=tuple(
            ServiceDescription(
                hook=service.hook,
                id=service_id,
                title=service.title,
                description=service.description,
                prefetch=_prefetch(service, cards_early=cards_early),
                usage_requirements=service.usage,
            )
            for service_id, service in SERVICES.items()
        )
    )


def _prefetch(service: HookService, *, cards_early: bool) -> dict[str, str]:
    templates = prefetch_for(service.hook)
    return dict(templates) if service.shows_cards(early=cards_early) else {PATIENT: templates[PATIENT]}
