"""All that a search finds, a page at a time, so that memory stays flat."""

from collections.abc import Iterator
from dataclasses import replace

from cds.ports import ResourceStore
from cds.resource import ResourceSearch, ResourceVersion, position_of

_PAGE = 500


def every(store: ResourceStore, search: ResourceSearch) -> Iterator[ResourceVersion]:
    """In order, as things stood at the moment of the search."""
    page = store.search(search, _PAGE)
    while page:
        yield from page
        page = store.search(replace(search, after=position_of(page[-1], search.sort)), _PAGE)
