import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vertebra_segmentation.grid import Image, averaged, averaging_weights, canonical, summed, to_index, to_lps

AFFINE = np.array([[0.0, 0.1, 0.8, -50.0], [0.2, 0.79, -0.1, 20.0], [2.4, -0.1, 0.0, 300.0], [0.0, 0.0, 0.0, 1.0]])


def _stored(order: tuple[int, ...], flips: tuple[bool, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The same small volume in another storage order, with the affine that says so."""
    values = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    affine = AFFINE.copy()
    values, affine[:3, :3] = values.transpose(order), affine[:3, list(order)]
    for axis in np.flatnonzero(flips):
        affine[:3, 3] += affine[:3, axis] * (values.shape[axis] - 1)
        affine[:3, axis] *= -1
        values = np.flip(values, axis)
    return values, affine


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", list(itertools.product([False, True], repeat=3)))
def test_canonical_undoes_storage(order: tuple[int, ...], flips: tuple[bool, ...]) -> None:
    """Whatever the storage order, the canonical volume and its affine are the same."""
    image = canonical(*_stored(order, flips))

    np.testing.assert_array_equal(image.values, np.arange(4 * 5 * 6).reshape(4, 5, 6))
    np.testing.assert_allclose(image.affine_lps, AFFINE)


@given(st.integers(1, 200), st.floats(0.3, 6.0), st.floats(0.8, 6.0))
def test_averaging_keeps_a_constant(count: int, spacing_mm: float, target_mm: float) -> None:
    """Averaging a constant gives the constant, at any spacing."""
    weights = averaging_weights(count, spacing_mm, target_mm)

    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("target_mm", [1.0, 2.0, 4.0, 7.0])
def test_averaging_keeps_places(target_mm: float) -> None:
    """A linear ramp in patient space keeps its value at each place, away from the edges."""
    grid = Image(np.zeros((20, 40, 40), np.float32), AFFINE)
    places = to_lps(AFFINE, np.argwhere(np.ones(grid.values.shape)).astype(float))
    ramp = Image((places @ [1.0, 2.0, 3.0]).reshape(grid.values.shape), AFFINE)

    small = averaged(ramp, target_mm)
    index = np.argwhere(np.ones(small.values.shape))
    inner = np.all((index > 1) & (index < np.array(small.values.shape) - 2), axis=1)
    expected = to_lps(small.affine_lps, index[inner].astype(float)) @ [1.0, 2.0, 3.0]

    np.testing.assert_allclose(small.values[tuple(index[inner].T)], expected, rtol=1e-4)


@given(
    st.tuples(st.integers(1, 12), st.integers(1, 40), st.integers(1, 40)),
    st.permutations(range(3)),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.sampled_from([1.0, 2.0, 4.0, 9.0]),
    st.sampled_from(["int16", "float32", "float64"]),
)
def test_averaging_is_three_matrix_products(shape, order, flips, target_mm, dtype) -> None:
    """Whatever the storage order, the type and the permission to write, averaging multiplies by one matrix an axis."""
    stored = np.random.default_rng(1).integers(-1024, 3000, shape).astype(dtype)
    stored.flags.writeable = False
    values = np.flip(stored.transpose(order), np.flatnonzero(flips))
    image = Image(values, AFFINE)
    matrices = [averaging_weights(n, mm, target_mm) for n, mm in zip(values.shape, image.spacing_mm, strict=True)]

    expected = np.einsum("ai,bj,ck,ijk->abc", *matrices, values.astype(np.float64))

    np.testing.assert_allclose(averaged(image, target_mm).values, expected, rtol=1e-5, atol=0.01)


def test_classes_are_summed() -> None:
    """A class counts as often as it is named; none is nothing."""
    probabilities = np.random.default_rng(2).random((4, 2, 3, 5)).astype(np.float32)

    np.testing.assert_allclose(summed(probabilities, [3, 1]), probabilities[3] + probabilities[1])
    assert not summed(probabilities, []).any()


def test_index_and_lps_are_inverse() -> None:
    """Index to patient space and back gives the index."""
    index = np.array([[0.0, 0.0, 0.0], [3.5, -1.0, 7.25]])

    np.testing.assert_allclose(to_index(AFFINE, to_lps(AFFINE, index)), index, atol=1e-9)
