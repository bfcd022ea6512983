import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.errors import SettingsInvalid
from cds.hooks.value_set import codes_of

OURS = "http://osteocds.org/fhir/ValueSet/ct-orders"
LOCAL = "http://hospital.example.org/radiology"
KNOWN = {OURS: frozenset({("http://loinc.org", "24627-2"), ("http://loinc.org", "29252-4")})}


def a_value_set(**fields):
    """A ValueSet as JSON."""
    return json.dumps({"resourceType": "ValueSet", "status": "active"} | fields)


def listing(*codes, system=LOCAL):
    """One include or exclude that lists its codes."""
    return {"system": system, "concept": [{"code": code} for code in codes]}


def test_a_definition_that_lists_its_codes_is_read():
    """Several systems, codes trimmed, displays ignored."""
    text = a_value_set(compose={"include": [listing("A ", "B"), listing("A", system="urn:x")]})

    assert codes_of(text, {}) == {(LOCAL, "A"), (LOCAL, "B"), ("urn:x", "A")}


def test_a_definition_may_extend_the_shipped_set_and_take_away_from_it():
    """Including our url adds to it, with or without a version; exclude takes away."""
    compose = {
        "include": [{"valueSet": [f"{OURS}|1.0.0"]}, listing("A")],
        "exclude": [listing("29252-4", system="http://loinc.org")],
    }

    assert codes_of(a_value_set(compose=compose), KNOWN) == {("http://loinc.org", "24627-2"), (LOCAL, "A")}


def test_conditions_of_one_include_hold_together():
    """A value set and a list in one include mean what both have."""
    both = listing("24627-2", "1-8", system="http://loinc.org") | {"valueSet": [OURS]}

    assert codes_of(a_value_set(compose={"include": [both]}), KNOWN) == {("http://loinc.org", "24627-2")}


def test_an_expansion_counts_before_the_definition():
    """What a terminology server worked out, nested as it comes; a heading is no code."""
    contains = [
        {"display": "CT", "contains": [{"system": LOCAL, "code": "A"}]},
        {"system": LOCAL, "code": "B", "contains": [{"system": LOCAL, "code": "C"}]},
        {"system": LOCAL, "code": "heading", "abstract": True},
    ]
    text = a_value_set(expansion={"total": 4, "contains": contains}, compose={"include": [{"system": LOCAL}]})

    assert codes_of(text, {}) == {(LOCAL, "A"), (LOCAL, "B"), (LOCAL, "C")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("[1]", "not a FHIR ValueSet"),
        (json.dumps({"resourceType": "Bundle"}), "not a FHIR ValueSet"),
        (a_value_set(), "neither expansion nor compose"),
        (a_value_set(compose={"include": []}), "names no code"),
        (a_value_set(compose={"include": [{}]}), "as a whole; expand"),
        (a_value_set(compose={"include": [{"system": LOCAL}]}), "as a whole; expand"),
        (a_value_set(compose={"include": [listing("A") | {"filter": [{"op": "is-a"}]}]}), "filter; expand"),
        (
            a_value_set(compose={"include": [{"valueSet": ["http://x.example"]}]}),
            "names the value set http://x.example",
        ),
        (a_value_set(compose={"include": [{"valueSet": OURS}]}), "'valueSet' is not a list of texts"),
        (a_value_set(compose={"include": [{"system": LOCAL, "concept": "A"}]}), "'concept' is not a list of objects"),
        (a_value_set(compose={"include": [{"concept": [{"code": "A"}]}]}), "lacks its system"),
        (
            a_value_set(compose={"include": [{"system": LOCAL, "concept": [{"code": 7}]}]}),
            "lacks its system or its code",
        ),
        (a_value_set(expansion={"total": 9, "contains": [{"system": LOCAL, "code": "A"}]}), "1 of 9"),
        (a_value_set(expansion={"contains": []}), "names no code"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(text, said):
    """Nothing is guessed: a value set that is half read would silence cards."""
    with pytest.raises(SettingsInvalid, match=said):
        codes_of(text, KNOWN)


names = st.text(min_size=1).filter(str.strip)


@given(st.sets(st.tuples(names.map(str.strip), names.map(str.strip)), min_size=1, max_size=20))
def test_what_is_listed_is_what_is_read(codes):
    """Any set of codes comes back, defined or expanded."""
    listed = [{"system": system, "concept": [{"code": code}]} for system, code in codes]
    expanded = [{"system": system, "code": code} for system, code in codes]

    assert codes_of(a_value_set(compose={"include": listed}), {}) == codes
    assert codes_of(a_value_set(expansion={"contains": expanded}), {}) == codes


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["include", "concept", "code", "system", "valueSet", "contains"]), inner, max_size=4
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_read_or_refused_in_a_sentence(part):
    """No shape of JSON ends in anything but codes or a sentence."""
    for text in (a_value_set(compose=part), a_value_set(expansion=part), json.dumps(part)):
        try:
            said = codes_of(text, KNOWN) and "codes."
        except SettingsInvalid as refused:
            said = str(refused)
        assert said.endswith(".")
