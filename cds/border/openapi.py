"""The OpenAPI document, written once when the application is built."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import JsonValue


def openapi_document(app: FastAPI, schemas: Mapping[str, JsonValue]) -> dict[str, Any]:
    """The document of all routes, with the schemas that they refer to."""
    document: dict[str, Any] = get_openapi(title=app.title, version=app.version, routes=app.routes)
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)  # FastAPI's; no parameter of ours can be wrong without being 404
    document["components"] = {"schemas": dict(schemas)}
    return document
