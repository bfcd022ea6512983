"""Mirrors cds/refusals.py: however many are refused and when, rows are few, and none goes uncounted."""

import re

from hypothesis import given
from hypothesis import strategies as st

from cds.refusals import ROWS_A_MINUTE, RefusalRows
from tests.support.clock import SettableClock
from tests.support.fakes import FakeAudit

BURSTS = st.lists(st.tuples(st.integers(0, 3 * ROWS_A_MINUTE), st.integers(1, 150)), max_size=6)


@given(BURSTS)
def test_rows_are_few_and_every_refusal_is_counted(bursts):
    """A row for itself, or in the number that a later row tells; at most so many in any minute of the allowance."""
    audit, clock = FakeAudit(), SettableClock()
    rows, refused = RefusalRows(audit, clock), 1
    for many, seconds in bursts:
        before = len(audit.rows)
        for _ in range(many):
            rows.note("reading", None, "cookie-missing", "of R1")
        assert len(audit.rows) - before <= ROWS_A_MINUTE
        refused += many
        clock.move_on(seconds=seconds)
    clock.move_on(seconds=60)
    rows.note("reading", None, "cookie-missing", "of R1")

    told = [re.fullmatch(r"of R1(?:; (\d+) earlier refusals have no row)?", detail) for *_, detail in audit.rows]
    assert sum(1 + int(each[1] or 0) for each in told) == refused
