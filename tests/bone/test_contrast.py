import pytest

from cds.bone.assessment import Contrast
from cds.bone.contrast import contrast_flags, contrast_of
from cds.bone.tissue import BloodSample
from tests.bone.phantom import a_series


@pytest.mark.parametrize(
    ("agent", "aorta_hu", "state"),
    [
        (None, 42.0, "none"),
        ("", 42.0, "none"),
        ("NONE", 42.0, "none"),
        (" no ", 65.0, "none"),
        (None, 70.0, "none"),
        (None, 70.5, "enhanced"),
        ("", 410.0, "enhanced"),
        ("IOPAMIDOL", 180.0, "enhanced"),
        ("IOPAMIDOL", 45.0, "unknown"),
        (None, None, "unknown"),
        ("IOPAMIDOL", None, "unknown"),
    ],
)
def test_the_aorta_decides_then_the_tag(agent, aorta_hu, state):
    """Over 70 HU is enhanced; an agent that does not show, or no aorta, is unknown."""
    blood = None if aorta_hu is None else BloodSample(aorta_hu, 10.0, 1000)

    assert contrast_of(a_series(contrast_agent=agent), blood) == Contrast(state, aorta_hu)


@pytest.mark.parametrize(
    ("state", "flags"), [("none", ()), ("enhanced", ("contrast-enhanced",)), ("unknown", ("contrast-unknown",))]
)
def test_the_state_leaves_its_flag(state, flags):
    """Enhanced and unknown are said on the result."""
    assert contrast_flags(Contrast(state)) == flags
