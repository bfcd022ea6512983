"""Readers who come from an EHR: `/launch`, `/launch/callback`, and `/reading/{place}`, where they decide."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response

from cds.pages.language import preferred
from cds.pages.launch_desk import SESSION_COOKIE, LaunchDesk
from cds.pages.reading_desk import ReadingDesk, Visit
from cds.pages.reading_ports import ReadingPorts
from cds.pages.routes import ReportPages

_LARGEST_FORM = 16 * 1024

Asked = Annotated[str | None, Query(alias="lang")]
Accepted = Annotated[str | None, Header(alias="Accept-Language")]


def _visit(request: Request, asked: Asked = None, accepted: Accepted = None) -> Visit:
    sealed = request.cookies.get(SESSION_COOKIE, "")
    return Visit(request.path_params.get("place", ""), sealed, preferred(asked, accepted))


Visiting = Annotated[Visit, Depends(_visit)]


def reading_routes(ports: ReadingPorts, pages: ReportPages) -> APIRouter:
    """Launch, callback, page and form."""
    router = APIRouter(tags=["Reading"], include_in_schema=False)
    _add_launch(router, LaunchDesk(ports, pages))
    _add_reading(router, ReadingDesk(ports, pages))
    return router


def _add_launch(router: APIRouter, desk: LaunchDesk) -> None:
    @router.get("/launch")
    async def launch(iss: str = "", launch: str = "", asked: Asked = None, accepted: Accepted = None) -> Response:
        return await desk.begin(iss, launch, preferred(asked, accepted))

    @router.get("/launch/callback")
    async def callback(request: Request, accepted: Accepted = None) -> Response:
        return await desk.finish(dict(request.query_params), request.cookies, preferred(None, accepted))


def _add_reading(router: APIRouter, desk: ReadingDesk) -> None:
    """`/reading` alone was the address of every session once: whoever comes back to it is sent to their EHR."""

    @router.get("/reading")
    @router.get("/reading/{place}")
    def page(visit: Visiting) -> Response:
        return desk.look(visit)

    @router.post("/reading")
    @router.post("/reading/{place}")
    async def decide(request: Request, visit: Visiting, origin: Annotated[str | None, Header()] = None) -> Response:
        form = await _form_of(request)
        return await run_sync(desk.decide, visit, form, origin)


async def _form_of(request: Request) -> Mapping[str, str]:
    """Of a short form; whatever else is sent has no token in it."""
    body = bytearray()
    with anyio.move_on_after(10):
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_FORM:
                return {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}
