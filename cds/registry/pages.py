"""One page of a search as a searchset Bundle, put together from stored bytes."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from cds.ports import ResourceStore
from cds.registry.cursors import Cursor, Cursors
from cds.registry.references import references_of
from cds.registry.refusals import Refused, outcome
from cds.registry.search_parameters import Asked, Pairs, read_search
from cds.registry.stored_ids import with_stored_ids
from cds.registry.views import View
from cds.registry_client import RegistryClient
from cds.resource import Found, ResourceSearch, ResourceVersion, position_of


@dataclass(frozen=True, slots=True)
class SearchPages:
    """Answers searches; every page shows things as they stood when the first one was asked for."""

    store: ResourceStore
    cursors: Cursors
    base_url: str
    identifier_system: str | None

    def first(self, client: RegistryClient, view: View, kind: str, pairs: Pairs, *, strict: bool) -> bytes:
        """The first page; raises `Refused`. `strict`: an unknown parameter is refused."""
        return self._page(client, view, kind, Cursor(pairs, self.store.last_moment(), None), strict=strict)

    def next(self, client: RegistryClient, view: View, kind: str, token: str) -> bytes:
        """The page behind a cursor; raises `Refused`."""
        return self._page(client, view, kind, self.cursors.open(token, client.client_id, kind), strict=False)

    def _page(self, client: RegistryClient, view: View, kind: str, cursor: Cursor, *, strict: bool) -> bytes:
        asked = read_search(kind, cursor.pairs, self.identifier_system, identified=view.identified)
        if strict and asked.unknown:
            raise _unknown(asked)
        search = _search_of(asked, client, view, cursor)
        if asked.only_count:
            return _bundle([f'"total":{self.store.count(search)}'], [self._self_link(asked)], [])
        found = self.store.search(search, asked.count + 1)
        page, more = found[: asked.count], len(found) > asked.count
        links = [self._self_link(asked)]
        if more:
            behind = Cursor(cursor.pairs, cursor.as_of, position_of(page[-1], asked.sort))
            token = self.cursors.seal(behind, client.client_id, kind)
            links.append(("next", f"{self.base_url}/{kind}?_cursor={token}"))
        entries = [self._entry(view, each, "match") for each in page]
        entries += [self._entry(view, each, "include") for each in self._included(asked, client, cursor, page)]
        entries += [_warning(asked)] if asked.unknown else []
        return _bundle([], links, entries)

    def _included(self, asked: Asked, client: RegistryClient, cursor: Cursor, page: Found) -> Found:
        if not asked.includes or not page:
            return ()
        there = {(each.type, each.id) for each in page}
        wanted = references_of(page, asked.includes) - there
        readable = {each for each in wanted if client.may("read", each[0])}
        return self.store.pick(client.reach, cursor.as_of, readable)

    def _entry(self, view: View, resource: ResourceVersion, mode: str) -> bytes:
        url = f"{self.base_url}/{resource.type}/{view.shown_id(resource.type, resource.id)}"
        head = f'{{"fullUrl":{json.dumps(url)},"resource":'
        return head.encode() + view.shown(resource) + f',"search":{{"mode":"{mode}"}}}}'.encode()

    def _self_link(self, asked: Asked) -> tuple[str, str]:
        query = f"?{urlencode(asked.understood)}" if asked.understood else ""
        return "self", f"{self.base_url}/{asked.type}{query}"


_A_NAME = re.compile(r"[A-Za-z_.-]{1,40}")
"""Repeated to the caller: no digits, hence no identifier that was put in the wrong place."""


def _search_of(asked: Asked, client: RegistryClient, view: View, cursor: Cursor) -> ResourceSearch:
    return ResourceSearch(
        type=asked.type,
        reach=client.reach,
        as_of=cursor.as_of,
        criteria=with_stored_ids(asked.criteria, asked.type, view),
        sort=asked.sort,
        after=cursor.after,
    )


def _unknown(asked: Asked) -> Refused:
    return Refused(400, f"{_told(asked)} The Prefer header asks for strict handling.")


def _told(asked: Asked) -> str:
    names = [name for name in asked.unknown if _A_NAME.fullmatch(name)]
    which = f": {', '.join(names[:5])}" if names else ""
    return f"{len(asked.unknown)} parameter(s) of the search mean nothing here{which}."


def _warning(asked: Asked) -> bytes:
    told = outcome("warning", "not-supported", [f"{_told(asked)} They were passed over."])
    return json.dumps({"resource": told, "search": {"mode": "outcome"}}, separators=(",", ":")).encode()


def _bundle(members: Sequence[str], links: Sequence[tuple[str, str]], entries: Sequence[bytes]) -> bytes:
    written = [{"relation": relation, "url": url} for relation, url in links]
    head = ['"resourceType":"Bundle"', '"type":"searchset"', *members, f'"link":{json.dumps(written)}']
    body = b',"entry":[' + b",".join(entries) + b"]" if entries else b""
    return b"{" + ",".join(head).encode() + body + b"}"
