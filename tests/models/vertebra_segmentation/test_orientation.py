import numpy as np
import pytest

from models.vertebra_segmentation.grid import Image
from models.vertebra_segmentation.labels import coarse_index
from models.vertebra_segmentation.orientation import Orientation, orientation_of
from models.vertebra_segmentation.spine_map import SpineMap
from tests.models.vertebra_segmentation.painted_patient import AFFINE, SHAPE, paint, read_back, turned

PATIENT = paint()


def judged(scan: Image) -> Orientation:
    """How a patient lies, by a network that errs in nothing."""
    return orientation_of(scan, read_back(scan), read_back)


@pytest.mark.parametrize(
    ("axes", "turns"),
    [
        ((), ()),
        ((0, 2), ("upside-down",)),
        ((0,), ("upside-down",)),
        ((1, 2), ("front-to-back",)),
        ((1,), ("front-to-back",)),
        ((0, 1), ("upside-down", "front-to-back")),
        ((0, 1, 2), ("upside-down", "front-to-back")),
    ],
    ids=["as it says", "feet up", "slices reversed", "half a turn", "rows reversed", "both", "all reversed"],
)
def test_a_turned_patient_is_seen(axes: tuple[int, ...], turns: tuple[str, ...]) -> None:
    """Turned or reversed under the same affine, the patient lies as found; mirrored or not."""
    assert judged(turned(PATIENT, *axes)).turns == turns


@pytest.mark.parametrize("quarters", [1, -1])
def test_a_patient_on_his_side_is_seen(quarters: int) -> None:
    """A quarter turn about the long axis, to either side."""
    rolled = Image(np.rot90(PATIENT.values, quarters, axes=(1, 2)), AFFINE)

    assert judged(rolled).turns == ("sideways",)


def test_a_mirrored_patient_is_seen() -> None:
    """Columns reversed: not turned, but mirrored."""
    assert judged(turned(PATIENT, 2)) == Orientation((), is_mirrored=True)
    assert not judged(PATIENT).is_mirrored


def test_an_upright_patient_is_looked_at_once() -> None:
    """Where every sign is right the network need not look again."""

    def never(_view: Image) -> SpineMap:
        raise AssertionError("looked again")

    assert orientation_of(PATIENT, read_back(PATIENT), never) == Orientation()


@pytest.mark.parametrize("without", [("rib",), ("lung", "heart"), ("liver", "spleen"), ("aorta",)])
def test_a_patient_seen_in_part_is_not_accused(without: tuple[str, ...]) -> None:
    """Organs out of the field of view turn nobody."""
    assert judged(paint(without=without)) == Orientation()


def test_a_patient_without_a_canal_is_not_accused() -> None:
    """A canal that the network misses is missed in every view."""
    assert judged(paint(without=("spinal_canal",))) == Orientation()


def test_nothing_lies_no_way() -> None:
    """A scan without a spine is not turned."""
    assert judged(Image(np.zeros(SHAPE, np.int16), AFFINE)) == Orientation()


def test_a_canal_missed_for_a_while_turns_nobody() -> None:
    """Where half of the canal is missed as claimed, the other views must show a spine the right way round."""
    seen = read_back(PATIENT)
    half = seen.probabilities.copy()
    half[coarse_index("spinal_canal"), SHAPE[0] // 3 :] = 0

    assert orientation_of(PATIENT, SpineMap(half, seen.affine_lps), read_back) == Orientation()


def test_a_network_that_loses_the_liver_in_the_mirror_sees_it_in_the_other_view() -> None:
    """A liver near the midline is mirrored if the mirror image shows it further right, and more of it."""
    mirrored = turned(PATIENT, 2)

    def weak(view: Image) -> SpineMap:
        seen = read_back(view)
        liver = seen.probabilities[coarse_index("liver")]
        if liver[:, :, : SHAPE[2] // 2].sum() < liver.sum() / 2:
            liver *= np.abs(np.arange(SHAPE[2]) - SHAPE[2] / 2) < 12
        return seen

    assert orientation_of(mirrored, weak(mirrored), weak).is_mirrored
    assert not orientation_of(PATIENT, weak(PATIENT), weak).is_mirrored


def test_a_liver_in_the_middle_is_not_mirrored() -> None:
    """Neither view shows it further right than the other."""
    middle = Image(np.where(PATIENT.values == coarse_index("liver"), 0, PATIENT.values), AFFINE)
    middle.values[45:60, 20:30, 30:50] = coarse_index("liver")

    assert not judged(middle).is_mirrored
