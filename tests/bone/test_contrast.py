import pytest

from cds.bone.assessment import Contrast
from cds.bone.contrast import CONTRAST_SHIFT_MG_CM3, contrast_flags, contrast_of, lowered
from tests.bone.builders import a_blood, a_sample
from tests.bone.phantom import a_series


@pytest.mark.parametrize(
    ("agent", "aorta_hu", "state"),
    [
        (None, 42.0, "none"),
        ("", 42.0, "none"),
        ("NONE", 42.0, "none"),
        (" no ", 65.0, "none"),
        (None, 20.0, "none"),
        (None, 70.0, "none"),
        (None, 70.5, "enhanced"),
        ("", 410.0, "enhanced"),
        ("IOPAMIDOL", 180.0, "enhanced"),
        ("IOPAMIDOL", 45.0, "unknown"),
        (None, 19.5, "unknown"),
        (None, -700.0, "unknown"),
        (None, None, "unknown"),
        ("IOPAMIDOL", None, "unknown"),
    ],
)
def test_the_aorta_decides_then_the_tag(agent, aorta_hu, state):
    """Over 70 HU is enhanced; under 20 HU no blood; an agent that does not show, or no aorta, is unknown."""
    blood = None if aorta_hu is None else a_blood(aorta_hu, 10.0, 1000)

    assert contrast_of(a_series(contrast_agent=agent), blood) == Contrast(state, aorta_hu)


@pytest.mark.parametrize(("sd_hu", "state"), [(0.0, "none"), (60.0, "none"), (80.0, "none"), (81.0, "unknown")])
def test_a_mixed_sample_proves_nothing(sd_hu, state):
    """Blood that scatters by more than 80 HU is mixed or too noisy to be called unenhanced."""
    assert contrast_of(a_series(), a_blood(45.0, sd_hu, 1000)).state == state


@pytest.mark.parametrize(
    ("sd_hu", "sem_hu", "noise_hu", "state"),
    [
        (130.0, 4.0, 100.0, "none"),
        (130.0, 4.0, 80.0, "unknown"),
        (130.0, 13.0, 100.0, "unknown"),
        (130.0, 4.0, None, "unknown"),
    ],
    ids=["noise explains it", "more than noise", "not sure enough", "noise not known"],
)
def test_blood_of_a_noisy_scan_is_believed_as_far_as_noise_explains_its_scatter(sd_hu, sem_hu, noise_hu, state):
    """Thin slices at low dose scatter by over 80 HU, and thousands of them still tell 45 HU from 70."""
    blood = a_sample("blood", 45.0, sd_hu=sd_hu, sem_hu=sem_hu)

    assert contrast_of(a_series(), blood, noise_hu).state == state


def test_a_mixed_sample_may_still_show_contrast():
    """Over 70 HU it is contrast, however much the sample scatters."""
    assert contrast_of(a_series(), a_blood(180.0, 200.0, 1000)).state == "enhanced"


@pytest.mark.parametrize(
    "words",
    [
        {"series_description": "Abdomen portal venous"},
        {"study_description": "CT CHEST WITH CONTRAST"},
        {"protocol_name": "CTA thorax"},
        {"series_description": "Thorax nativ"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("blood", "state"),
    [
        (a_blood(45.0, 20.0, 1000), "none"),
        (a_blood(45.0, 120.0, 1000), "unknown"),
        (a_blood(5.0, 20.0, 1000), "unknown"),
        (None, "unknown"),
    ],
    ids=["unenhanced", "mixed", "no blood", "no sample"],
)
def test_words_never_replace_a_sample(words, blood, state):
    """What study, series or protocol are called leaves "none" to measured blood, and "unknown" to its absence."""
    assert contrast_of(a_series(**words), blood).state == state


@pytest.mark.parametrize(
    ("state", "flags"), [("none", ()), ("enhanced", ("contrast-enhanced",)), ("unknown", ("contrast-unknown",))]
)
def test_the_state_leaves_its_flag(state, flags):
    """Enhanced and unknown are said on the result."""
    assert contrast_flags(Contrast(state)) == flags


@pytest.mark.parametrize(("state", "shift"), [("none", 0), ("enhanced", 25), ("unknown", 25)])
def test_contrast_lowers_the_foot_of_an_interval(state, shift):
    """Only the lower bound moves, and by 25 mg/cm3."""
    assert lowered((60.0, 90.0), state) == (60.0 - shift, 90.0)
    assert CONTRAST_SHIFT_MG_CM3 == 25
