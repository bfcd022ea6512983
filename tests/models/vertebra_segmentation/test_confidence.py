import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vertebra_segmentation.calibrate_numbering import fit
from models.vertebra_segmentation.confidence import MOST, NumberingCalibration, NumberingSigns, signs_of
from models.vertebra_segmentation.numbering import Named
from tests.models.vertebra_segmentation.spine_builder import body_at


def _named(level: str, *, rib_sides: int | None, probability: float = 0.9, agrees: bool = True) -> Named:
    return Named(body_at(0), level, 0.9, name_agrees=agrees, rib_sides=rib_sides, probability=probability)


@pytest.mark.parametrize(
    ("t12_ribs", "l1_ribs", "contradict"),
    [
        (2, 0, False),  # ribs end where they should
        (1, 0, False),  # a rib on one side is enough
        (None, None, False),  # the scan is too narrow to tell
        (0, 0, True),  # T12 without ribs
        (2, 2, True),  # L1 with ribs
    ],
)
def test_ribs_that_end_elsewhere_contradict(t12_ribs: int | None, l1_ribs: int | None, *, contradict: bool) -> None:
    """Ribs end at T12; where they do not, the names may be off by one, and the confidence is below one half."""
    signs = signs_of([_named("T12", rib_sides=t12_ribs), _named("L1", rib_sides=l1_ribs)])

    assert signs == NumberingSigns(pytest.approx(0.9), contradict)
    assert (NumberingCalibration().confidence(signs) < 0.5) == contradict


def test_every_name_counts() -> None:
    """The probability is the mean over the bodies; no body, no confidence."""
    signs = signs_of([_named("T12", rib_sides=2), _named("L1", rib_sides=0, probability=0.3)])

    assert signs is not None
    assert signs.probability == pytest.approx(0.6)
    assert NumberingCalibration().confidence(signs_of([])) == 0.0


def test_names_that_the_map_disputes_are_trusted_less() -> None:
    """Where ribs overrule what the coarse network says of most bodies, the names stand on one leg."""
    bodies = ("T11", "T12", "L1", "L2")
    agreed, disputed = (
        signs_of([_named(level, rib_sides=None, agrees=agrees) for level in bodies]) for agrees in (True, False)
    )
    half = signs_of([_named(level, rib_sides=None, agrees=level in bodies[:2]) for level in bodies])
    calibration = NumberingCalibration()

    assert half is not None
    assert half.disagreement == 0.5
    assert calibration.confidence(disputed) < calibration.confidence(half) < calibration.confidence(agreed)


@given(st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_more_probable_names_are_trusted_more(one: float, other: float, ribs: bool) -> None:
    """The confidence grows with the probability, lies between 0 and its ceiling, and falls where ribs contradict."""
    calibration = NumberingCalibration(0.6, -0.4)
    low, high = sorted((one, other))
    confidences = [calibration.confidence(NumberingSigns(p, ribs)) for p in (low, high)]

    assert 0 <= confidences[0] <= confidences[1] <= MOST
    assert calibration.confidence(NumberingSigns(low, ribs_contradict=True)) <= confidences[0]


def test_the_fit_finds_how_often_names_are_right() -> None:
    """Of a thousand made scans the confidence after the fit is the share that is right, high or low."""
    rng = np.random.default_rng(5)
    probabilities, disagreement = rng.uniform(0.3, 0.985, 1000), rng.uniform(0, 1, 1000)
    signs = [
        NumberingSigns(float(p), ribs_contradict=False, disagreement=float(d))
        for p, d in zip(probabilities, disagreement, strict=True)
    ]
    truth = NumberingCalibration(0.5, 0.5, -3.0)
    right = [bool(rng.random() < truth.confidence(each)) for each in signs]
    fitted = NumberingCalibration.of(fit(signs, right))

    for within in (probabilities < 0.6, probabilities > 0.9, disagreement < 0.2, disagreement > 0.8):
        confidence = np.mean([fitted.confidence(each) for each, used in zip(signs, within, strict=True) if used])
        assert confidence == pytest.approx(np.mean(np.array(right)[within]), abs=0.06)
