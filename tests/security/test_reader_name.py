"""Mirrors cds/security/reader_name.py: what people are called, whatever an EHR sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.security.reader_name import LONGEST_NAME, name_in, name_said

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["name", "use", "text", "given", "family"]), inner),
    max_leaves=12,
)


def a_practitioner(*names):
    """With these names."""
    return {"resourceType": "Practitioner", "id": "7", "name": list(names)}


@given(st.text())
def test_what_is_said_is_one_short_line(text):
    """Without control characters and without anything that turns the line round; said again, it stays."""
    said = name_said(text)

    assert said is None or (said.isprintable() and said == said.strip() and 0 < len(said) <= LONGEST_NAME)
    assert said is None or name_said(said) == said


@given(JSON)
def test_nothing_that_an_ehr_sends_is_an_error(value):
    """A name, or none."""
    for kind in ("Practitioner", "PractitionerRole"):
        for element in ("name", "practitioner"):
            name = name_in({"resourceType": kind, element: value})
            assert name is None or name == name_said(name)


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        (a_practitioner({"text": "Dr. Ada Reader"}), "Dr. Ada Reader"),
        (a_practitioner({"prefix": ["Dr."], "given": ["Ada", "B."], "family": "Reader"}), "Dr. Ada B. Reader"),
        (a_practitioner({"use": "nickname", "text": "Addie"}, {"use": "official", "text": "Ada Reader"}), "Ada Reader"),
        (a_practitioner({"use": "old", "text": "Ada Maiden"}), None),
        (a_practitioner({"use": "official"}, {"use": "usual", "text": "Ada"}), "Ada"),
        (a_practitioner({"text": "Ada\u202e\nReader "}), "Ada Reader"),
        (a_practitioner({"text": "\u200b"}), None),
        ({"resourceType": "PractitionerRole", "practitioner": {"display": "Ada Reader"}}, "Ada Reader"),
        ({"resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/7"}}, None),
    ],
)
def test_the_name_of_today_is_taken(resource, name):
    """As it is written; official before usual, former names never."""
    assert name_in(resource) == name
