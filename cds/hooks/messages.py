"""What goes over the wire of CDS Hooks 2.0: read leniently, written strictly.

In: unknown keys, empty codings, Bundles without a type and null entries are all accepted.
Out: no element is null or empty, except `cards: []` (CDS Hooks 2.0, "Use of JSON").
"""

from typing import Annotated, Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

Resource = dict[str, JsonValue]
"""A FHIR resource as parsed JSON; never leaves this package."""


class _Received(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class FhirAuthorization(BaseModel):
    """The token for the client's FHIR server; used for this call, never kept, never shown."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    access_token: SecretStr | None = None


class BundleEntry(_Received):
    """One draft order."""

    full_url: JsonValue = None
    resource: Resource | None = None


class Bundle(_Received):
    """Draft orders; `type` is often left out."""

    entry: tuple[BundleEntry | None, ...] | None = None

    @property
    def entries(self) -> tuple[tuple[JsonValue, Resource], ...]:
        """(fullUrl, resource) of each entry that is not empty."""
        filled = (each for each in self.entry or () if each is not None)
        return tuple((each.full_url, each.resource) for each in filled if each.resource)

    @property
    def resources(self) -> tuple[Resource, ...]:
        """What the bundle holds, without empty entries."""
        return tuple(resource for _, resource in self.entries)


class HookContext(_Received):
    """The context fields of all five hooks; what is read leniently elsewhere is any JSON here."""

    patient_id: str
    user_id: str | None = None
    encounter_id: str | None = None
    draft_orders: Bundle | None = None
    selections: JsonValue = None
    """order-select: which draft orders it is about."""
    dispatched_orders: JsonValue = None
    """order-dispatch 1.1: references; 1.0 has one, in `order`."""
    order: JsonValue = None
    fulfillment_tasks: JsonValue = Field(
        default=None, validation_alias=AliasChoices("fulfillmentTasks", "fulfillment-tasks", "task")
    )
    """order-dispatch: Tasks. 1.1 spells it in two ways; 1.0 has one, in `task`."""


class HookCall(_Received):
    """A hook as a CDS Client calls it."""

    hook: str
    hook_instance: str
    context: HookContext
    fhir_server: str | None = None
    fhir_authorization: FhirAuthorization | None = None
    prefetch: dict[str, JsonValue] | None = None

    @property
    def token(self) -> str | None:
        """The bearer token for `fhir_server`, if there is one."""
        given = self.fhir_authorization.access_token if self.fhir_authorization else None
        return given.get_secret_value() or None if given else None


Text = Annotated[str, StringConstraints(min_length=1)]
Indicator = Literal["info", "warning", "critical"]


class _Sent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Source(_Sent):
    """Who says so."""

    label: Text


class Coding(_Sent):
    """A code that a person can read."""

    code: Text
    system: Text
    display: Text


class Action(_Sent):
    """One change to the chart that a suggestion makes; nothing is ever suggested to be deleted."""

    type: Literal["create", "update"]
    description: Text
    resource: Annotated[Resource, Field(min_length=1)]
    """New for create; whole, and not only what changes, for update."""

    @model_validator(mode="after")
    def _resource_fits_the_type(self) -> Self:
        """CDS Hooks 2.0, "Action": what is updated is there already, so it has an id; what is new has none."""
        if "resourceType" not in self.resource or ("id" in self.resource) != (self.type == "update"):
            msg = f"the resource is not one to {self.type}"
            raise ValueError(msg)
        return self


class Suggestion(_Sent):
    """What the clinician may accept with one click."""

    label: Text
    uuid: Text
    actions: Annotated[tuple[Action, ...], Field(min_length=1)]


class Link(_Sent):
    """Where to read more."""

    label: Text
    url: Text
    type: Literal["absolute", "smart"] = "absolute"
    app_context: Text | None = None
    """What a SMART app is launched with."""

    @model_validator(mode="after")
    def _context_for_apps_alone(self) -> Self:
        """CDS Hooks 2.0, "Link": appContext belongs to type smart."""
        if self.app_context is not None and self.type != "smart":
            msg = "appContext needs a link of type smart"
            raise ValueError(msg)
        return self


class Card(_Sent):
    """One piece of guidance."""

    uuid: Text
    summary: Annotated[str, StringConstraints(min_length=1, max_length=139)]
    """Less than 140 characters (CDS Hooks 2.0, "Card attributes")."""
    indicator: Indicator
    source: Source
    detail: Text | None = None
    """GitHub Flavored Markdown; clients render raw HTML, so nothing from a record goes in unescaped."""
    suggestions: Annotated[tuple[Suggestion, ...], Field(min_length=1)] | None = None
    selection_behavior: Literal["at-most-one", "any"] | None = None
    override_reasons: Annotated[tuple[Coding, ...], Field(min_length=1)] | None = None
    links: Annotated[tuple[Link, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _selection_goes_with_suggestions(self) -> Self:
        """CDS Hooks 2.0, "Card attributes"."""
        if (self.suggestions is None) != (self.selection_behavior is None):
            msg = "suggestions and selectionBehavior come together"
            raise ValueError(msg)
        return self


class HookResponse(_Sent):
    """The answer to a hook; no cards means no guidance."""

    cards: tuple[Card, ...] = ()


class ServiceDescription(_Sent):
    """One service as discovery announces it."""

    hook: Text
    id: Text
    title: Text
    description: Text
    prefetch: Annotated[dict[str, str], Field(min_length=1)]
    usage_requirements: Text


class DiscoveryResponse(_Sent):
    """Every service of this provider."""

    services: tuple[ServiceDescription, ...]


def as_json(message: HookResponse | DiscoveryResponse) -> bytes:
    """The bytes to send: absent optional elements are left out."""
    return message.model_dump_json(by_alias=True, exclude_none=True).encode()
