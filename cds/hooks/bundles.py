"""What a prefetch key, or a page of a search, holds: resources, the rest of them elsewhere, or nothing usable."""

from collections.abc import Iterable, Mapping

Resource = Mapping[str, object]
"""A FHIR resource as parsed JSON; never leaves this package."""

_MERE_REMARKS = frozenset({"information", "warning", "success"})


def resources_in(answer: object) -> tuple[Resource, ...] | None:
    """The resource itself, or what a Bundle holds; None for what answers nothing.

    That is an OperationOutcome, alone or as an entry that is more than a remark, and anything
    that is no resource.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("resourceType"), str):
        return None
    if answer["resourceType"] != "Bundle":
        return None if _is_failure(answer) else (answer,)
    entries = answer.get("entry")
    if not isinstance(entries, list | None):
        return None
    resources = [each.get("resource") for each in entries or () if isinstance(each, dict)]
    held = [each for each in resources if isinstance(each, dict) and isinstance(each.get("resourceType"), str)]
    if any(_is_failure(each) and not _only_remarks(each) for each in held):
        return None
    return tuple(each for each in held if not _is_failure(each))


def resources_on(pages: Iterable[object]) -> tuple[Resource, ...] | None:
    """What all pages hold; None where one of them answers nothing."""
    together: list[Resource] = []
    for page in pages:
        held = resources_in(page)
        if held is None:
            return None
        together += held
    return tuple(together)


def next_page(answer: object) -> str | None:
    """The address of the page that follows, as a Bundle gives it."""
    links = answer.get("link") if isinstance(answer, dict) and answer.get("resourceType") == "Bundle" else None
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None


def _is_failure(resource: Resource) -> bool:
    return resource.get("resourceType") == "OperationOutcome"


def _only_remarks(outcome: Resource) -> bool:
    """Servers add what they ignored, or would have liked, as an entry beside the matches."""
    issues = outcome.get("issue")
    found = [each.get("severity") for each in issues if isinstance(each, dict)] if isinstance(issues, list) else []
    return bool(found) and all(isinstance(each, str) and each in _MERE_REMARKS for each in found)
