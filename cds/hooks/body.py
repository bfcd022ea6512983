"""The body of a call, read up to a size and within a time."""

from dataclasses import dataclass
from email.message import Message
from typing import Self

import anyio
from starlette.requests import ClientDisconnect, Request

from cds.hooks.problems import Problem
from cds.settings import Settings

_HANG_UP = {"Connection": "close"}
"""For bodies that are not read to their end: the rest is not waited for."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How much is read, and for how long."""

    max_bytes: int
    timeout_s: float

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """What the site allows."""
        return cls(settings.max_body_bytes, settings.body_timeout_s)


async def read_json_body(request: Request, limits: BodyLimits) -> bytes:
    """The bytes of a JSON body; raises `Problem` 415, 413 or 408."""
    _refuse_other_types(request)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.max_bytes:
        raise _too_large(limits)
    try:
        with anyio.fail_after(limits.timeout_s):
            return await _read(request, limits)
    except TimeoutError:
        raise Problem(408, f"The body did not arrive within {limits.timeout_s:g} s.", _HANG_UP) from None
    except ClientDisconnect:
        raise Problem(400, "The connection ended before the body did.") from None


async def _read(request: Request, limits: BodyLimits) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limits.max_bytes:
            raise _too_large(limits)
    return bytes(body)


def _refuse_other_types(request: Request) -> None:
    said = Message()
    said["content-type"] = ", ".join(request.headers.getlist("content-type"))  # two of them are none
    subtype = said.get_content_subtype()
    is_json = said.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
    if not is_json or said.get_content_charset("utf-8") not in ("utf-8", "us-ascii"):
        raise Problem(415, "Send the body as application/json in UTF-8.")
    if any(each.lower() != "identity" for each in request.headers.getlist("content-encoding")):
        raise Problem(415, "Send the body without content encoding.")


def _too_large(limits: BodyLimits) -> Problem:
    return Problem(413, f"The body is larger than {limits.max_bytes} bytes.", _HANG_UP)
