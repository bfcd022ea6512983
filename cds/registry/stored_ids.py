"""Ids in a search as the caller knows them, turned into those that are stored."""

from collections.abc import Sequence

from cds.registry.views import View
from cds.resource import Criterion, OneOf


def with_stored_ids(criteria: Sequence[Criterion], kind: str, view: View) -> tuple[Criterion, ...]:
    """The same criteria; what is not an id stays."""
    types = {"id": kind, "patient": "Patient"}
    return tuple(
        OneOf(each.field, tuple(view.stored_id(types[each.field], value) for value in each.values))
        if isinstance(each, OneOf) and each.field in types
        else each
        for each in criteria
    )
