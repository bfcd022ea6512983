import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.vertebra_segmentation.anatomy_signs import anatomy_signs
from models.vertebra_segmentation.spine_map import SpineMap
from tests.models.vertebra_segmentation.painted_patient import LEVEL_MM, paint, read_back, turned

PATIENT = paint()
SIGNS = anatomy_signs(read_back(PATIENT))


def test_an_upright_patient_shows_every_sign() -> None:
    """Levels down, ribs down, chest above belly, canal behind, liver on the right."""
    assert SIGNS.levels_per_dm == pytest.approx(100 / LEVEL_MM, rel=0.02)
    assert SIGNS.rib_slope == pytest.approx(0.5, abs=0.05)
    assert SIGNS.chest_above_belly_mm is not None
    assert SIGNS.chest_above_belly_mm > 50
    assert SIGNS.supported_ml == SIGNS.spine_ml > 200
    assert SIGNS.liver_right_mm == pytest.approx(70, abs=4)
    assert (SIGNS.upright, SIGNS.against) == (3, 0)


def test_upside_down_every_sign_is_reversed() -> None:
    """Half a turn about the long way from front to back."""
    signs = anatomy_signs(read_back(turned(PATIENT, 0, 2)))

    assert (signs.upright, signs.against) == (-3, 3)
    assert signs.supported_ml == pytest.approx(SIGNS.supported_ml)


def test_front_to_back_nothing_is_supported() -> None:
    """With the canal in front no body counts; head and feet are where they were."""
    signs = anatomy_signs(read_back(turned(PATIENT, 1, 2)))

    assert signs.supported_ml == 0
    assert signs.upright == 3


def test_mirrored_the_liver_is_on_the_left() -> None:
    """Nothing else changes."""
    signs = anatomy_signs(read_back(turned(PATIENT, 2)))

    assert signs.liver_right_mm == pytest.approx(-70, abs=4)
    assert signs.upright == 3


@pytest.mark.parametrize(
    ("without", "upright"),
    [(("rib",), 2), (("lung", "heart"), 2), (("rib", "liver", "spleen"), 1)],
    ids=["no ribs", "no chest", "neither"],
)
def test_what_is_not_seen_says_nothing(without: tuple[str, ...], upright: int) -> None:
    """Each sign that is missing counts for nothing, on no side."""
    signs = anatomy_signs(read_back(paint(without=without)))

    assert (signs.upright, signs.against) == (upright, 0)


def test_a_single_body_has_no_order() -> None:
    """One level cannot run anywhere."""
    assert anatomy_signs(read_back(paint(levels=("L1",)))).levels_per_dm is None


def test_a_map_of_nothing_has_no_signs() -> None:
    """No patient, no sign, no fault."""
    nothing = read_back(PATIENT)
    empty = SpineMap(np.zeros_like(nothing.probabilities), nothing.affine_lps)
    signs = anatomy_signs(empty)

    assert (signs.upright, signs.spine_ml, signs.supported_ml, signs.liver_right_mm) == (0, 0, 0, None)


@settings(max_examples=10, deadline=None)
@given(st.permutations((0, 1, 2)), st.sets(st.sampled_from((0, 1, 2))))
def test_the_storage_order_does_not_matter(order: list[int], reversed_axes: set[int]) -> None:
    """However a map is stored, with its affine the signs are the same."""
    seen = read_back(PATIENT)
    values, affine = seen.probabilities.transpose(0, *(axis + 1 for axis in order)), seen.affine_lps.copy()
    affine[:3, :3] = affine[:3, order]
    for axis in reversed_axes:
        affine[:3, 3] += affine[:3, axis] * (values.shape[axis + 1] - 1)
        affine[:3, axis] *= -1
        values = np.flip(values, axis + 1)
    signs = anatomy_signs(SpineMap(values, affine))

    assert signs.upright == SIGNS.upright
    assert signs.supported_ml == pytest.approx(SIGNS.supported_ml)
    assert signs.liver_right_mm == pytest.approx(SIGNS.liver_right_mm)
