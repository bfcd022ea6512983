"""Mirrors cds/security/strict_json.py."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.security.strict_json import read_object

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_what_means_one_thing_is_read_as_json_reads_it(members):
    """For objects without repetition it is the standard library's reader."""
    assert read_object(json.dumps(members).encode()) == members


@given(st.binary())
def test_anything_is_read_or_is_a_value_error(document):
    """No other error leaves, whatever is sent."""
    with suppress(ValueError):
        assert isinstance(read_object(document), dict)


@pytest.mark.parametrize(
    "document",
    [
        b'{"iss": "a", "iss": "b"}',
        b'{"a": [{"b": 1, "b": 1}]}',
        b'{"exp": NaN}',
        b'{"exp": -Infinity}',
        b"[]",
        b'"iss"',
        b"",
        b'{"a": "\xff"}',
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_could_mean_two_things_is_refused(document):
    """Twice the same member, no JSON number, no object, no UTF-8, absurd depth."""
    with pytest.raises(ValueError):  # noqa: PT011 - whichever sentence
        read_object(document)
