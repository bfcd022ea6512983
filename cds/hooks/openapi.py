"""What the OpenAPI document says of the CDS Hooks routes.

The routes read raw bytes, so FastAPI cannot know what goes in; the schemas are those of `messages`.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, JsonValue
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from cds.hooks.discovery import SERVICES
from cds.hooks.feedback import FeedbackBatch, FeedbackKept
from cds.hooks.messages import DiscoveryResponse, HookCall, HookResponse
from cds.hooks.problems import FHIR_JSON, OUTCOME_SCHEMA

REF = "#/components/schemas/"

ServiceId = Annotated[str, Path(json_schema_extra={"enum": sorted(SERVICES)})]
"""Documented as one of the services; any other text is a 404, not a parameter that is wrong."""

REFUSALS: Mapping[int, str] = {
    400: "The call contradicts itself or cannot be read.",
    401: "Who calls is not known.",
    404: "There is no such service.",
    408: "The body did not arrive in time.",
    412: "The patient could not be had; the text names the missing prefetch keys.",
    413: "The body is too large.",
    415: "The body is not JSON in UTF-8.",
    500: "The fault is ours; the text has its id.",
    503: "Too many calls at once, or something behind the service is away; `Retry-After` says when to try again.",
}


def outcomes(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route: refusals, each an OperationOutcome."""
    content = {FHIR_JSON: {"schema": {"$ref": REF + "OperationOutcome"}}}
    return {status: {"description": REFUSALS[status], "content": content} for status in statuses}


def answers_with(model: type[BaseModel], description: str) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route: 200 with this message."""
    content = {"application/json": {"schema": {"$ref": REF + model.__name__}}}
    return {200: {"description": description, "content": content}}


def takes(model: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of a route that reads this message from raw bytes."""
    content = {"application/json": {"schema": {"$ref": REF + model.__name__}}}
    return {"requestBody": {"required": True, "content": content}}


def document_schemas(
    received: Sequence[type[BaseModel]] = (HookCall, FeedbackBatch),
    sent: Sequence[type[BaseModel]] = (HookResponse, DiscoveryResponse, FeedbackKept),
) -> dict[str, JsonValue]:
    """`components.schemas` of the document."""
    modes: Sequence[tuple[Sequence[type[BaseModel]], JsonSchemaMode]] = (
        (received, "validation"),
        (sent, "serialization"),
    )
    _, generated = models_json_schema(
        [(model, mode) for models, mode in modes for model in models],
        ref_template=REF + "{model}",
        schema_generator=_WithoutNull,
    )
    schemas: dict[str, Any] = generated["$defs"]
    schemas["HookCall"]["properties"]["hook"]["enum"] = sorted({service.hook for service in SERVICES.values()})
    schemas["HookCall"]["properties"]["hookInstance"]["format"] = "uuid"
    schemas["HookContext"]["properties"]["patientId"]["pattern"] = "^[A-Za-z0-9.-]{1,64}$"
    return schemas | {"OperationOutcome": dict(OUTCOME_SCHEMA)}


class _WithoutNull(GenerateJsonSchema):
    """What is absent is left out, never null (CDS Hooks 2.0, "Use of JSON")."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        inner = field["schema"]
        if self.mode == "serialization" and inner["type"] == "default" and inner.get("default") is not None:
            return True  # always written
        return super().field_is_required(field, total)
