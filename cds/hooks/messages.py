"""What goes over the wire of CDS Hooks 2.0: read leniently, written strictly.

In: unknown keys, empty codings, Bundles without a type and null entries are all accepted.
Out: no element is null or empty, except `cards: []` (CDS Hooks 2.0, "Use of JSON").
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, StringConstraints, model_validator
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

    resource: Resource | None = None


class Bundle(_Received):
    """Draft orders; `type` is often left out."""

    entry: tuple[BundleEntry | None, ...] | None = None

    @property
    def resources(self) -> tuple[Resource, ...]:
        """What the bundle holds, without empty entries."""
        return tuple(each.resource for each in self.entry or () if each is not None and each.resource)


class HookContext(_Received):
    """The context fields of order-select, order-sign and patient-view."""

    patient_id: str
    user_id: str | None = None
    encounter_id: str | None = None
    draft_orders: Bundle | None = None


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
    """One change to the chart that a suggestion makes."""

    type: Literal["create", "update", "delete"]
    description: Text
    resource: Annotated[Resource, Field(min_length=1)]


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
