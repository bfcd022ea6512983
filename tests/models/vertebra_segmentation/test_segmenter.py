from dataclasses import dataclass

import numpy as np
import pytest

from models.vertebra_segmentation.grid import Image
from models.vertebra_segmentation.labels import LEVELS
from models.vertebra_segmentation.segmenter import Segmenter, SpineLabels

AXIAL_1_MM = np.array([[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])


def _levels(found: SpineLabels) -> list[str]:
    return [body.level for body in found.bodies]


@dataclass(frozen=True)
class Watched:
    """What was found, and the progress that was reported meanwhile."""

    found: SpineLabels
    steps: list[tuple[str, float]]


@pytest.fixture(scope="module")
def watched(segmenter: Segmenter, trunk: Image) -> Watched:
    """All levels of `ts_example`."""
    steps: list[tuple[str, float]] = []
    found = segmenter.segment(
        trunk.values, trunk.affine_lps, levels=LEVELS, progress=lambda stage, share: steps.append((stage, share))
    )
    return Watched(found, steps)


@pytest.fixture(scope="module")
def trunk_spine(watched: Watched) -> SpineLabels:
    """The spine of `ts_example`."""
    return watched.found


@pytest.mark.parametrize(
    ("shape", "hu"),
    [
        ((60, 96, 96), -1000),  # air
        ((60, 96, 96), 40),  # a block of soft tissue
        ((60, 96, 96), 300),  # a block of bone
        ((1, 64, 64), 40),  # one slice
        ((1, 1, 1), 0),
        ((20, 20, 20), 200),
    ],
)
def test_nothing_is_found_where_nothing_is(segmenter: Segmenter, shape: tuple[int, ...], hu: int) -> None:
    """Volumes without a spine, however small, have no bodies and no confidence."""
    found = segmenter.segment(np.full(shape, hu, np.int16), AXIAL_1_MM)

    assert found.bodies == ()
    assert found.numbering_confidence == 0.0


def test_noise_has_no_spine(segmenter: Segmenter) -> None:
    """Pure noise has no bodies."""
    noise = np.random.default_rng(3).normal(0, 300, (80, 120, 120)).astype(np.int16)

    assert segmenter.segment(noise, AXIAL_1_MM).bodies == ()


def test_trunk_is_named(trunk_spine: SpineLabels) -> None:
    """On `ts_example` L1-L4 are named where they are, and T12 is cut or absent."""
    centres = {body.level: body.centre_lps_mm[2] for body in trunk_spine.bodies}
    expected = {"L1": 385.2, "L2": 351.5, "L3": 316.0, "L4": 278.4}

    assert {level: centres[level] for level in expected} == pytest.approx(expected, abs=5.0)
    assert all(body.cut_by_border for body in trunk_spine.bodies if body.level == "T12")


def test_chest_is_named(segmenter: Segmenter, chest: Image) -> None:
    """On LIDC-IDRI-0001 T11-L2 are whole and in place, and L3 is cut or absent."""
    found = segmenter.segment(chest.values, chest.affine_lps)
    heights = {body.level: body.centre_lps_mm[2] for body in found.bodies}

    assert [heights[level] for level in ("T12", "L1", "L2")] == pytest.approx([-257, -285, -313], abs=6)
    assert not any(body.cut_by_border for body in found.bodies if body.level in {"T11", "T12", "L1", "L2"})
    assert all(body.cut_by_border for body in found.bodies if body.level == "L3")


def test_no_lumbar_level_is_invented(segmenter: Segmenter, chest_without_lumbar: Image) -> None:
    """A chest that ends at T12 has no lumbar level."""
    found = segmenter.segment(chest_without_lumbar.values, chest_without_lumbar.affine_lps)

    assert not [level for level in _levels(found) if level.startswith("L")]


def _restored(image: Image, name: str) -> Image:
    """The same scan stored another way, or lying elsewhere."""
    affine = image.affine_lps.copy()
    if name == "flipped":
        for axis in range(3):
            affine[:3, 3] += affine[:3, axis] * (image.values.shape[axis] - 1)
            affine[:3, axis] *= -1
        return Image(np.flip(image.values), affine)
    if name == "permuted":
        affine[:3, :3] = affine[:3, [2, 0, 1]]
        return Image(image.values.transpose(2, 0, 1), affine)
    affine[:3, 3] += (100.0, -250.0, 1000.0)
    return Image(image.values, affine)


@pytest.mark.parametrize("change", ["flipped", "permuted", "shifted"])
def test_storage_does_not_matter(segmenter: Segmenter, trunk: Image, trunk_spine: SpineLabels, change: str) -> None:
    """Flipped storage, permuted axes and a shifted origin give the same names and centres."""
    stored = _restored(trunk, change)
    shift = np.array((100.0, -250.0, 1000.0)) if change == "shifted" else np.zeros(3)
    found = segmenter.segment(stored.values, stored.affine_lps, levels=LEVELS)

    assert _levels(found) == _levels(trunk_spine)
    for body, same in zip(found.bodies, trunk_spine.bodies, strict=True):
        assert np.array(body.centre_lps_mm) - shift == pytest.approx(np.array(same.centre_lps_mm), abs=0.01)


def test_masks_lie_where_they_say(trunk_spine: SpineLabels) -> None:
    """Each mask's own grid puts its centre of mass at the centre, with a margin of at least 8 mm."""
    for body in (each for each in trunk_spine.bodies if each.level in {"L1", "L2", "L3"}):
        filled = np.argwhere(body.inside > 0.5)
        centre = body.affine_lps[:3, :3] @ filled.mean(axis=0) + body.affine_lps[:3, 3]
        margin = np.minimum(filled.min(axis=0), np.array(body.inside.shape) - 1 - filled.max(axis=0))

        assert centre == pytest.approx(np.array(body.centre_lps_mm), abs=0.01)
        assert body.inside.dtype == np.float32
        assert (margin * 2.0 >= 8.0).all()


def test_tissues_lie_beside_the_spine(trunk_spine: SpineLabels) -> None:
    """Aorta, muscle and canal are found."""
    names = [tissue.name for tissue in trunk_spine.tissues]

    assert names == ["aorta", "paraspinal_muscle", "spinal_canal"]


def test_progress_and_time(watched: Watched) -> None:
    """Progress rises to 1 and each stage is timed."""
    shares = [share for _, share in watched.steps]

    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert set(watched.found.seconds) == {"map", "outline", "name"}


def _made_bone(kind: str) -> np.ndarray:
    """A head, a thigh or a thick bone of 200 mm, in voxels of 2 mm."""
    axis = np.arange(-100, 100, 2, dtype=float)
    places = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    if kind == "head":
        radius = np.linalg.norm(places, axis=-1)
        return np.select([radius < 75, radius < 82, radius < 88], [35, 1000, 40], -1000).astype(np.int16)
    radius = np.linalg.norm(places[..., 1:], axis=-1)
    marrow, cortex = {"thigh": (6, 14), "thick bone": (18, 22)}[kind]
    return np.select([radius < marrow, radius < cortex, radius < 60], [120, 1000, 50], -1000).astype(np.int16)


@pytest.mark.parametrize("kind", ["head", "thigh", "thick bone"])
def test_other_bones_are_no_spine(segmenter: Segmenter, kind: str) -> None:
    """A head, a thigh and a thick bone have no bodies."""
    affine = AXIAL_1_MM @ np.diag([2.0, 2.0, 2.0, 1.0])

    assert segmenter.segment(_made_bone(kind), affine).bodies == ()
