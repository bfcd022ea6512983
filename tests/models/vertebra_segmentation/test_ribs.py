import numpy as np

from models.vertebra_segmentation.column import SpineColumn
from models.vertebra_segmentation.ribs import inner_ends, ribs_beside
from tests.models.vertebra_segmentation.spine_builder import column_of

CENTRES_LPS = np.array([[100.0, 40.0, 150.0], [100.0, 40.0, 120.0], [100.0, 40.0, 90.0]])


def _rib(height: int, first_column: int, last_column: int) -> tuple[str, tuple[slice, slice, slice]]:
    """A straight rib, in voxels of 2 mm; the middle of the spine is column 50."""
    return "rib", (slice(height, height + 4), slice(28, 32), slice(first_column, last_column))


def _column(*ribs: tuple[str, tuple[slice, slice, slice]]) -> SpineColumn:
    return column_of((100, 60, 100), ribs)


def test_a_rib_belongs_to_the_body_where_it_begins() -> None:
    """Ribs that begin beside the first body on both sides and beside the second on one count so."""
    column = _column(_rib(72, 66, 90), _rib(72, 10, 34), _rib(56, 66, 90))

    assert ribs_beside(column, CENTRES_LPS) == [2, 1, 0]


def test_a_rib_that_only_passes_by_counts_for_no_body() -> None:
    """A piece of rib whose inner end lies far from the spine has no inner end here."""
    column = _column(_rib(45, 75, 95))

    assert inner_ends(column, CENTRES_LPS).shape == (0, 3)
    assert ribs_beside(column, CENTRES_LPS) == [0, 0, 0]


def test_a_narrow_scan_cannot_show_that_ribs_are_missing() -> None:
    """Where the scan ends 30 mm beside the spine, no rib seen means unknown."""
    column = _column()
    narrow = SpineColumn(column.probabilities, column.affine_lps, (np.array([0.0, 0, 35]), np.array([99.0, 59, 65])))

    assert ribs_beside(narrow, CENTRES_LPS) == [None, None, None]


def test_no_bodies_no_ribs() -> None:
    """Without bodies there is nothing for a rib to belong to."""
    assert ribs_beside(_column(_rib(72, 66, 90)), np.zeros((0, 3))) == []
