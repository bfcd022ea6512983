"""The OpenAPI document, written once when the application is built."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from pydantic import JsonValue


def add_openapi(app: FastAPI, schemas: Mapping[str, JsonValue]) -> None:
    """Serve the document of all routes at `/openapi.json`, with the schemas that they refer to."""
    document = json.dumps(_document(app, schemas)).encode()

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(document, media_type="application/json")


def _document(app: FastAPI, schemas: Mapping[str, JsonValue]) -> dict[str, Any]:
    document: dict[str, Any] = get_openapi(title=app.title, version=app.version, routes=app.routes)
    for path in document["paths"].values():
        for operation in path.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]  # FastAPI's own shape; a wrong path of ours is a 404
    generated = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        generated.pop(unused, None)
    generated.update(schemas)
    return document
