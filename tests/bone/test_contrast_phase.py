import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.assessment import Contrast
from cds.bone.contrast_phase import phase_flags

ARTERIAL = ("arterial-phase",)


@pytest.mark.parametrize(
    ("aorta_hu", "kvp", "flags"),
    [
        (410.0, 120.0, ARTERIAL),
        (251.0, 120.0, ARTERIAL),
        (250.0, 120.0, ()),
        (145.0, 120.0, ()),
        (200.0, 120.0, ()),
        (300.0, 80.0, ()),
        (420.0, 80.0, ARTERIAL),
        (240.0, 140.0, ARTERIAL),
        (900.0, 70.0, ()),
        (900.0, None, ()),
    ],
)
def test_only_dense_blood_tells_a_phase(aorta_hu, kvp, flags):
    """Over 250 HU as at 120 kVp is arterial; less tells nothing, nor does a voltage out of the table."""
    assert phase_flags(Contrast("enhanced", aorta_hu), kvp) == flags


@pytest.mark.parametrize("contrast", [Contrast("none", 42.0), Contrast("unknown", 300.0), Contrast("unknown")])
def test_without_contrast_there_is_no_phase(contrast):
    """A sample that is not believed tells no phase."""
    assert phase_flags(contrast, 120.0) == ()


@given(st.floats(71, 1500), st.floats(0, 500), st.sampled_from([80.0, 90.0, 100.0, 120.0, 135.0, 140.0]))
def test_more_iodine_never_takes_the_phase_back(aorta_hu, more_hu, kvp):
    """What is arterial stays so with denser blood."""
    less = phase_flags(Contrast("enhanced", aorta_hu), kvp)

    assert less == () or phase_flags(Contrast("enhanced", aorta_hu + more_hu), kvp) == ARTERIAL
