"""Which services there are, and what each wants prefetched."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cds.hooks.messages import DiscoveryResponse, ServiceDescription
from cds.hooks.prefetch_templates import prefetch_for

_USAGE = (
    "The Patient, by prefetch or from fhirServer, must carry exactly one current identifier of the system "
    "that this service was configured with: it is the patient's identifier in the imaging archive. "
    "Of the draft orders only ServiceRequests for imaging count; without one there is no card."
)


@dataclass(frozen=True, slots=True)
class HookService:
    """One hook, and how the service behind it behaves."""

    hook: str
    title: str
    description: str
    carries_orders: bool
    may_wait: bool = False
    early: bool = False
    """Called before the decision is due: starts the measurement, shows cards only where configured."""

    @property
    def service_id(self) -> str:
        """The last part of the service's URL."""
        return f"osteocds-{self.hook}"


SERVICES: Mapping[str, HookService] = MappingProxyType(
    {
        service.service_id: service
        for service in (
            HookService(
                hook="order-select",
                title="Bone density from an earlier CT: prepare",
                description="Starts measuring trabecular bone density in a CT that the patient already had, "
                "so that the result is ready when the order is signed.",
                carries_orders=True,
                early=True,
            ),
            HookService(
                hook="order-sign",
                title="Bone density from an earlier CT",
                description="Tells how dense the trabecular bone around L1 is in a CT that the patient already had, "
                "how sure that is, and suggests DXA where it is low.",
                carries_orders=True,
                may_wait=True,
            ),
            HookService(
                hook="patient-view",
                title="Bone density from an earlier CT: look ahead",
                description="Starts measuring trabecular bone density in a CT that the patient already had "
                "as soon as the chart is opened.",
                carries_orders=False,
                early=True,
            ),
        )
    }
)


def discovery() -> DiscoveryResponse:
    """What `GET /cds-services` says."""
    return DiscoveryResponse(
        services=tuple(
            ServiceDescription(
                hook=service.hook,
                id=service_id,
                title=service.title,
                description=service.description,
                prefetch=dict(prefetch_for(service.hook)),
                usage_requirements=_USAGE,
            )
            for service_id, service in SERVICES.items()
        )
    )
