"""JSON that means one thing only: no member twice, no NaN, no Infinity."""

import json
from typing import Never


def read_object(document: bytes) -> dict[str, object]:
    """A JSON object in UTF-8; raises `ValueError` for anything else."""
    try:
        value = json.loads(document.decode(), object_pairs_hook=_each_once, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - wrong content, not a wrong argument
    return value


def _each_once(members: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(members)
    if len(unique) != len(members):
        raise ValueError("a member occurs twice")
    return unique


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON number")
