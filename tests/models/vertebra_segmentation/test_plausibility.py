import pytest

from models.vertebra_segmentation.plausibility import spine_bodies
from tests.models.vertebra_segmentation.spine_builder import body_at, map_of

THREE_LEVELS = [{"T12": 0.9}, {"L1": 0.9}, {"L2": 0.9}]


def test_a_piece_off_the_line_is_no_body() -> None:
    """A piece 25 mm beside its neighbours' line drops out; the neighbours stay."""
    bodies = [body_at(0), body_at(1, aside_mm=25.0), body_at(1.2), body_at(2)]

    assert spine_bodies(bodies, map_of(THREE_LEVELS)) == [bodies[0], bodies[2], bodies[3]]


def test_halves_of_a_sacrum_do_not_take_the_last_body_with_them() -> None:
    """Two pieces side by side under the spine, which the map hardly knows, drop out; every body stays."""
    bodies = [body_at(0), body_at(1), body_at(2)]
    pieces = [body_at(2.9, aside_mm=18.0), body_at(2.95, aside_mm=-37.0)]
    spine = map_of([*THREE_LEVELS, {"sacrum": 0.3}])

    assert [body for body in spine_bodies([*bodies, *pieces], spine) if body in bodies] == bodies


def test_a_small_piece_beside_the_end_does_not_take_the_last_body_with_it() -> None:
    """Nor does a small one that the map takes for a body: it is much less of one than those in line."""
    bodies = [body_at(0), body_at(1), body_at(2)]
    piece = body_at(2.7, aside_mm=-40.0, volume_ml=4.0)

    assert spine_bodies([*bodies, piece], map_of([*THREE_LEVELS, {"L3": 0.7}])) == bodies


@pytest.mark.parametrize(
    ("place", "volume_ml", "is_kept"),
    [
        (3.0, 30.0, True),  # continues the row
        (3.5, 30.0, False),  # too far away
        (2.55, 30.0, False),  # too near
        (3.0, 8.0, False),  # too small
    ],
)
def test_a_piece_unknown_to_the_coarse_network_must_continue_the_row(
    place: float, volume_ml: float, is_kept: bool
) -> None:
    """A piece where the coarse network sees no body stays only at the usual distance and size."""
    bodies = [body_at(0), body_at(1), body_at(2), body_at(place, volume_ml=volume_ml)]
    spine = map_of([*THREE_LEVELS, {"rib": 0.9}, {"rib": 0.9}])

    assert (bodies[3] in spine_bodies(bodies, spine)) is is_kept


def test_only_cut_bodies_are_no_spine() -> None:
    """A scan in which no body is whole has no bodies to name."""
    assert spine_bodies([body_at(0, is_cut=True), body_at(1, is_cut=True)], map_of(THREE_LEVELS)) == []
