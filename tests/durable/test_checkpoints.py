"""Mirrors cds/durable/checkpoints.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.durable.checkpoints import Failure, JsonSerializer, ScreeningFailed, failure_of
from cds.errors import StudyVanished

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(plain)
def test_what_goes_in_comes_out(value):
    """Any JSON value crosses a checkpoint unchanged."""
    serializer = JsonSerializer()

    assert serializer.deserialize(serializer.serialize(value)) == value


def test_what_is_not_json_is_refused_at_once():
    """No voxels, no numbers that are not numbers."""
    for not_plain in (b"voxels", object(), float("nan")):
        with pytest.raises((TypeError, ValueError)):
            JsonSerializer().serialize(not_plain)


def test_a_failure_read_back_is_the_failure_that_was_written():
    """Its kind decides what happens next, after a restart as before."""
    serializer = JsonSerializer()
    raised = StudyVanished("the study is gone")

    read_back = serializer.deserialize(serializer.serialize(raised))

    assert isinstance(read_back, ScreeningFailed)
    assert failure_of(read_back) == failure_of(raised) == Failure("StudyVanished", "the study is gone")
