"""Mirrors cds/security/same_text.py: as equality does, for every text that a caller can send."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cds.security.same_text import same_text

ANY_TEXT = st.text(st.characters())


@given(ANY_TEXT, ANY_TEXT)
@example("é", "e")
@example("\ud800", "\ud801")
def test_it_is_equality(given_text, expected):
    """And never an error."""
    assert same_text(given_text, expected) is (given_text == expected)


@pytest.mark.parametrize("text", ["", "a", "é", "\ud800", "密"])
def test_a_text_is_itself(text):
    """Whatever its characters."""
    assert same_text(text, text)
