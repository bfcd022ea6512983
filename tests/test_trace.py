"""Mirrors cds/trace.py: W3C Trace Context, level 1."""

import re

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from cds.trace import HEADER, Trace, following, outgoing

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
FORM = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def test_a_call_with_a_trace_is_part_of_it():
    """The same trace id and flags, a span of its own; lines of the log and requests carry it, only in the block."""
    with following(PARENT) as span:
        inside, bound = outgoing(), structlog.contextvars.get_contextvars()

    trace = span.trace
    assert trace.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert inside[HEADER].startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert inside[HEADER].endswith("-01")
    assert trace.span_id != "00f067aa0ba902b7"
    assert bound["trace_id"] == trace.trace_id
    assert outgoing() == {}
    assert "trace_id" not in structlog.contextvars.get_contextvars()


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "00", PARENT.upper(), PARENT[:-1], f"{PARENT}-extra", PARENT.replace("00-", "ff-", 1)),
        *("00-" + "0" * 32 + "-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01"),
    ],
)
def test_what_is_not_to_the_letter_begins_a_trace(header):
    """As the standard asks; nothing of it is taken over."""
    assert Trace.begin(header).trace_id != "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_later_version_may_say_more():
    """Version 01 with a further field: the known ones are read."""
    assert Trace.begin(f"01{PARENT[2:]}-more").trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"


@given(st.text())
def test_whatever_is_sent_what_is_passed_on_is_well_formed(header):
    """No header of a caller gets anywhere."""
    assert FORM.fullmatch(Trace.begin(header).header)
