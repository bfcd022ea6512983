import pytest

from models.vertebra_segmentation.confidence import numbering_confidence
from models.vertebra_segmentation.numbering import Named
from tests.models.vertebra_segmentation.spine_builder import body_at


def _named(level: str, *, rib_sides: int | None, probability: float = 0.9) -> Named:
    return Named(body_at(0), level, 0.9, name_agrees=True, rib_sides=rib_sides, probability=probability)


@pytest.mark.parametrize(
    ("t12_ribs", "l1_ribs", "expected"),
    [
        (2, 0, 0.9),  # ribs end where they should
        (1, 0, 0.9),  # a rib on one side is enough
        (None, None, 0.9),  # the scan is too narrow to tell
        (0, 0, 0.36),  # T12 without ribs
        (2, 2, 0.36),  # L1 with ribs
    ],
)
def test_ribs_and_confidence(t12_ribs: int | None, l1_ribs: int | None, expected: float) -> None:
    """Ribs that end elsewhere than at T12 bring the confidence below one half."""
    named = [_named("T12", rib_sides=t12_ribs), _named("L1", rib_sides=l1_ribs)]

    assert numbering_confidence(named) == pytest.approx(expected)


def test_every_name_counts() -> None:
    """The confidence is the mean over the bodies; no body, no confidence."""
    sure, unsure = _named("T12", rib_sides=2), _named("L1", rib_sides=0, probability=0.3)

    assert numbering_confidence([sure, unsure]) == pytest.approx(0.6)
    assert numbering_confidence([]) == 0.0
