import numpy as np
import pytest

from models.vertebra_segmentation.column import SpineColumn
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
