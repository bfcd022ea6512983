import numpy as np
import pytest

from models.vertebra_segmentation.column import SpineColumn
from models.vertebra_segmentation.grid import shifted
from models.vertebra_segmentation.instances import separate_bodies
from models.vertebra_segmentation.labels import fine_index
from tests.models.vertebra_segmentation.spine_builder import column_of

ACROSS = (slice(16, 32), slice(14, 36))


def test_two_bodies_are_told_apart() -> None:
    """Two cores make two bodies, cranial first, each with its own rim and centre."""
    boxes = [("body_rim", (slice(8, 22), *ACROSS)), ("body_core", (slice(10, 20), slice(18, 30), slice(16, 34)))]
    boxes += [("body_rim", (slice(26, 40), *ACROSS)), ("body_core", (slice(28, 38), slice(18, 30), slice(16, 34)))]
    upper, lower = separate_bodies(column_of((48, 48, 48), boxes))

    assert upper.centre_lps == pytest.approx([49.0, 47.0, 65.0])
    assert lower.centre_lps == pytest.approx([49.0, 47.0, 29.0])
    assert upper.volume_ml == pytest.approx(14 * 16 * 22 * 8 / 1000)
    assert not upper.is_cut


def test_touching_bodies_come_apart_where_the_core_is_surer() -> None:
    """Cores joined by a weak bridge are two bodies."""
    boxes = [("body_core", (slice(8, 40), *ACROSS))]
    column = column_of((48, 48, 48), boxes)
    column.probabilities[fine_index("body_core"), 22:26] *= 0.6

    assert len(separate_bodies(column)) == 2


def test_three_touching_bodies_come_apart_one_after_the_other() -> None:
    """Of three cores in one piece, two that hold together more firmly are told apart at a probability of their own."""
    column = column_of((64, 48, 48), [("body_core", (slice(4, 60), *ACROSS))])
    core = column.probabilities[fine_index("body_core")]
    core[20:24] *= 0.6
    core[40:44] *= 0.8

    bodies = separate_bodies(column)

    assert [body.centre_lps[2] for body in bodies] == pytest.approx([101.0, 63.0, 25.0])


@pytest.mark.parametrize("room", [(0, 0), (7, 3), (30, 41)])
def test_room_beside_the_spine_changes_nothing(room: tuple[int, int]) -> None:
    """The same bodies in a wider column are the same to the last bit, at the same place."""
    boxes = [("body_rim", (slice(8, 22), *ACROSS)), ("body_core", (slice(10, 20), slice(18, 30), slice(16, 34)))]
    narrow = column_of((48, 48, 50), [*boxes, ("body_core", (slice(30, 44), *ACROSS))])
    before, behind = room
    wide = np.pad(narrow.probabilities, [(0, 0), (0, 0), (before, behind), (behind, before)])
    corner = np.array([0, before, behind])
    first, last = narrow.scan_box
    column = SpineColumn(wide, shifted(narrow.affine_lps, -corner), (first + corner, last + corner))

    expected, found = separate_bodies(narrow), separate_bodies(column)

    assert len(found) == len(expected) == 2
    for body, same in zip(found, expected, strict=True):
        np.testing.assert_array_equal(body.inside, same.inside)
        assert body.centre_lps == pytest.approx(same.centre_lps)
        assert body.is_cut == same.is_cut


def test_a_body_at_the_first_slice_is_cut() -> None:
    """A body that reaches the edge of the scan is cut; its crop still has room all round."""
    (body,) = separate_bodies(column_of((48, 48, 48), [("body_core", (slice(0, 12), *ACROSS))]))
    filled = np.argwhere(body.inside > 0.5)

    assert body.is_cut
    assert (filled.min(axis=0) >= 4).all()


def test_specks_are_no_bodies() -> None:
    """A few voxels of core are no body; nor is a column without core."""
    speck = [("body_core", (slice(10, 13), slice(10, 13), slice(10, 13)))]

    assert separate_bodies(column_of((48, 48, 48), speck)) == []
    assert separate_bodies(column_of((48, 48, 48), [])) == []


def test_a_body_that_leaves_the_column_but_not_the_scan_is_dropped() -> None:
    """Where the scan goes on beyond the column, a body at the column's end is not reported as whole."""
    column = column_of((48, 48, 48), [("body_core", (slice(0, 12), *ACROSS))])
    longer = SpineColumn(column.probabilities, column.affine_lps, (np.array([-30.0, 0, 0]), np.array([80.0, 47, 47])))

    assert separate_bodies(longer) == []
