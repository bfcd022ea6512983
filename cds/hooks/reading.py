"""JSON from outside becomes a message, or is refused: what is ambiguous is not guessed at.

Two passes. The first validates without building what the message does not name; it refuses more than 200
levels, invalid UTF-8, lone surrogates and integers of more than 4,300 digits (jiter's limits, pinned by tests).
The second refuses what the first takes silently: a key that stands twice, a number that is none or is infinite,
and U+0000, which neither FHIR strings nor PostgreSQL can hold.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from cds.hooks.problems import Problem, unreadable

M = TypeVar("M", bound=BaseModel)

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_MOST_VALUES = 200_000
"""Dense JSON costs far more time than its bytes say: 4 MB of `[],` a second, during which nobody is answered.
A prefetched chart of 4 MB has some 150,000 values."""


def read_message(model: type[M], body: bytes) -> M:
    """The message that a body carries; raises `Problem` 400 or 413 without repeating what was sent."""
    if body.count(b",") >= _MOST_VALUES:
        raise Problem(413, f"The body has more than {_MOST_VALUES} values.")
    try:
        message = model.model_validate_json(body)
    except ValidationError as fault:
        raise unreadable(fault) from None  # the fault repeats what was sent
    _refuse_ambiguous(body)
    return message


def _refuse_ambiguous(body: bytes) -> None:
    if b"\\u0000" in body and _NUL.search(body):
        raise Problem(400, "A text contains the character U+0000.")
    json.loads(body, object_pairs_hook=_refuse_repeated_keys, parse_constant=_refuse_number, parse_float=_finite)


def _refuse_repeated_keys(pairs: Sequence[tuple[str, object]]) -> None:
    """Two readers of `{"id": 1, "id": 2}` may see two patients. Nothing is built."""
    if len(dict(pairs)) != len(pairs):
        raise Problem(400, "An object has the same key twice.")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse_number(digits)


def _refuse_number(_: str) -> float:
    raise Problem(400, "A number is not finite.")
