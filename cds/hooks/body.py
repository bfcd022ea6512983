"""The body of a hook call, read up to a limit."""

from starlette.requests import Request

from cds.hooks.problems import Problem

MAX_BYTES = 4 * 1024 * 1024
"""Prefetched bundles are large; a hook with more than this is a mistake."""


async def read_json_body(request: Request) -> bytes:
    """The bytes of a JSON body; refuses other content types and more than `MAX_BYTES`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise Problem(415, "Send the hook call as application/json.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "Send the hook call without content encoding.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> Problem:
    return Problem(413, f"The hook call is larger than {MAX_BYTES} bytes.")
