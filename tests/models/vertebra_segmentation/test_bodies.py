import numpy as np

from models.vertebra_segmentation.bodies import fine_labels, vertebral_body
from models.vertebra_segmentation.labels import FINE_CLASSES, fine_index

SPACING_MM = 1.5


def _vertebra(first_slice: int) -> np.ndarray:
    """A block of 27 x 36 x 42 mm with a thin process behind it."""
    mask = np.zeros((60, 60, 48), bool)
    mask[first_slice : first_slice + 18, 10:34, 10:38] = True
    mask[first_slice + 6 : first_slice + 12, 34:56, 22:26] = True
    return mask


def test_body_leaves_the_process_out() -> None:
    """The opening keeps the block and drops the process behind it."""
    body = vertebral_body(_vertebra(20), SPACING_MM)

    assert not body[:, 38:].any()
    assert body[20:38, 10:34, 10:38].mean() > 0.9


def test_body_cut_by_the_border_goes_on() -> None:
    """A block cut by the first slice keeps its cut face whole."""
    body = vertebral_body(_vertebra(0), SPACING_MM)

    assert body[0, 14:30, 14:34].all()


def test_no_vertebra_has_no_body() -> None:
    """An empty mask, and one thinner than the opening, have no body."""
    thin = np.zeros((20, 20, 20), bool)
    thin[8:10] = True

    assert not vertebral_body(np.zeros((8, 8, 8), bool), SPACING_MM).any()
    assert not vertebral_body(thin, SPACING_MM).any()


def test_fine_classes_of_two_vertebrae() -> None:
    """Between two bodies lies disc; inside each lies core wrapped in rim; behind lie posterior elements."""
    vertebrae = {"L1": _vertebra(36), "L2": _vertebra(12)}
    bodies = {level: vertebral_body(mask, SPACING_MM) for level, mask in vertebrae.items()}
    labels = fine_labels(vertebrae, bodies, np.zeros((60, 60, 48), bool), SPACING_MM)

    column = [FINE_CLASSES[label] for label in labels[:, 22, 24]]
    assert column[33] == "disc"
    assert column[12] == column[53] == "body_rim"
    assert column[20] == column[45] == "body_core"
    assert labels[45, 50, 24] == fine_index("posterior_elements")
