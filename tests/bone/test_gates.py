from math import inf, nan

import pytest

from cds.bone.gates import GATES, Gate
from cds.bone.outline_gates import OUTLINE_GATES
from cds.ct.reason import SENTENCES
from cds.ct.usability import MAXIMUM_KVP, MAXIMUM_SLICE_MM, MINIMUM_KVP

EVERY = {**GATES, **OUTLINE_GATES}


@pytest.mark.parametrize("name", EVERY)
def test_every_limit_is_explained(name):
    """Each gate says what it measures and where its limit comes from; its refusal has a sentence."""
    gate = EVERY[name]

    assert gate.measures
    assert gate.source
    assert gate.refusal is None or gate.refusal in SENTENCES
    assert gate.accepted != (-inf, inf) or gate.flag


@pytest.mark.parametrize("name", EVERY)
def test_what_is_unremarkable_is_accepted(name):
    """The range without a flag lies within the accepted one."""
    gate = EVERY[name]
    if gate.flag is not None:
        assert gate.accepted[0] <= gate.unremarkable[0] <= gate.unremarkable[1] <= gate.accepted[1]


@pytest.mark.parametrize(
    ("value", "refused", "flags"),
    [
        (0, True, ("odd",)),
        (1, False, ("odd",)),
        (2, False, ()),
        (3, False, ()),
        (4, False, ("odd",)),
        (5, True, ("odd",)),
    ],
)
def test_ranges_are_inclusive(value, refused, flags):
    """A value on a limit lies within it."""
    gate = Gate(measures="x", accepted=(1, 4), unremarkable=(2, 3), flag="odd", source="test")

    assert gate.refuses(value) is refused
    assert gate.flags(value) == flags


def test_no_number_is_refused():
    """NaN passes no gate and is flagged."""
    gate = Gate(measures="x", accepted=(1, 4), unremarkable=(2, 3), flag="odd", source="test")

    assert gate.refuses(nan)
    assert gate.flags(nan) == ("odd",)


def test_selection_and_measurement_agree():
    """The limits by which a series is selected are those by which it is measured."""
    assert GATES["kvp"].accepted == (MINIMUM_KVP, MAXIMUM_KVP)
    assert GATES["slice"].accepted[1] == MAXIMUM_SLICE_MM
