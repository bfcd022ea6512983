from dataclasses import replace

import pytest

from cds.bone.anatomy import Spine
from cds.bone.numbering import is_ambiguous, refuse_numbering
from tests.bone.phantom import L1, L2, L3, a_body

BODIES = tuple(a_body(level) for level in (L1, L2, L3))


@pytest.mark.parametrize(
    ("confidence", "code"), [(0.0, "numbering-uncertain"), (0.019, "numbering-uncertain"), (0.02, None), (1.0, None)]
)
def test_names_without_any_support_are_refused(confidence, code):
    """Under 0.02 no name is supported by anything."""
    reason = refuse_numbering(Spine(BODIES, confidence))

    assert (reason and reason.code) == code


@pytest.mark.parametrize(("confidence", "ambiguous"), [(0.08, True), (0.59, True), (0.6, False), (1.0, False)])
def test_low_confidence_makes_every_name_ambiguous(confidence, ambiguous):
    """Under 0.6 the row may be off by one, whichever levels are asked for."""
    spine = Spine(BODIES, confidence)

    assert is_ambiguous(spine, (L1, L2)) is ambiguous
    assert is_ambiguous(spine, ()) is ambiguous


def test_a_disputed_name_concerns_its_level():
    """Where the row is trusted, a disputed name makes only that level ambiguous."""
    spine = Spine((*BODIES[:2], replace(BODIES[2], name_agrees=False)), 0.9)

    assert is_ambiguous(spine, (L1, L3))
    assert not is_ambiguous(spine, (L1, L2))
