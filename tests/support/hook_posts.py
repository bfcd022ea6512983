"""Calls to the hooks as bytes, and what refuses them."""

from datetime import UTC, datetime

from cds.screening import Pending

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


PENDING = Pending(NOW)


ORDER_SIGN = "/cds-services/osteocds-order-sign"


JSON = {"content-type": "application/json"}


async def post(site, body: bytes, path=ORDER_SIGN, headers=None):
    """Send bytes as they are."""
    async with site.client() as client:
        return await client.post(path, content=body, headers=JSON if headers is None else headers)


def issue(response):
    """The one issue of an OperationOutcome."""
    assert response.headers["content-type"] == "application/fhir+json"
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    (only,) = outcome["issue"]
    assert only["severity"] in {"error", "fatal"}
    assert only["code"]
    return only["diagnostics"]
