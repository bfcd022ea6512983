"""Which draft orders order-select is about: those that `selections` names.

"ServiceRequest/1" names an entry by type and id, as the standard has it; a bare id, the fullUrl of the entry
("urn:uuid:...") and an absolute reference are understood too. Where nothing matches, every draft order counts:
a client that names its orders in another way is not left without an answer.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from cds.hooks.messages import Bundle, Resource


def selected_orders(drafts: Bundle, selections: JsonValue) -> tuple[Resource, ...]:
    """The selected ones, or all."""
    wanted = {_plain(each) for each in selections if isinstance(each, str)} if isinstance(selections, list) else set()
    chosen = tuple(order for url, order in drafts.entries if not wanted.isdisjoint(_names(url, order)))
    return chosen or drafts.resources


def _plain(selection: str) -> str:
    """Without version and, where it is an absolute reference, without its base."""
    reference = selection.strip().partition("/_history/")[0]
    return "/".join(reference.rsplit("/", 2)[-2:]) if reference.startswith(("http://", "https://")) else reference


def _names(url: JsonValue, order: Resource) -> Iterator[str]:
    kind, identifier = order.get("resourceType"), order.get("id")
    if isinstance(identifier, str):
        yield identifier
        yield f"{kind}/{identifier}"
    if isinstance(url, str):
        yield _plain(url)
        yield url.removeprefix("urn:uuid:")
