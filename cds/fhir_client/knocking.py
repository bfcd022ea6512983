"""Whether a FHIR server answers at all: no token, nothing about patients, nothing read."""

import httpx

from cds.fhir_client.origins import origin_of

_PATIENCE_S = 5.0


def knock(url: str, transport: httpx.BaseTransport | None = None) -> str | None:
    """None where a server answers, whatever it answers; else why not, in a few words."""
    if origin_of(url) is None:
        return "is no https address (http on loopback only)"
    try:
        with (
            httpx.Client(transport=transport, timeout=_PATIENCE_S, follow_redirects=False) as client,
            client.stream("GET", url, headers={"Accept": "application/fhir+json"}),
        ):
            return None
    except httpx.TimeoutException:
        return f"does not answer within {_PATIENCE_S:g} s"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"cannot be reached ({type(error).__name__})"
