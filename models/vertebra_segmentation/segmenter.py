"""The package's front door: CT voxels in, named vertebral bodies and reference tissues out."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.vertebra_segmentation.column import SpineColumn, outline_column
from models.vertebra_segmentation.confidence import NumberingSigns, signs_of
from models.vertebra_segmentation.grid import Image, canonical
from models.vertebra_segmentation.instances import separate_bodies
from models.vertebra_segmentation.labels import LEVELS, TISSUES
from models.vertebra_segmentation.network import for_inference
from models.vertebra_segmentation.numbering import Named, name_bodies
from models.vertebra_segmentation.orientation import Orientation, orientation_of
from models.vertebra_segmentation.plausibility import spine_bodies
from models.vertebra_segmentation.ribs import ribs_beside
from models.vertebra_segmentation.spine_map import SpineMap, map_spine, spine_curve
from models.vertebra_segmentation.weights import SHIPPED, LoadedWeights, WeightsMismatch, load_weights

__all__ = ["BodyMask", "Segmenter", "SpineLabels", "TissueMask", "WeightsMismatch"]

DEFAULT_LEVELS = ("T11", "T12", "L1", "L2", "L3")
SMALLEST_EXTENT_MM = 16.0
"""A scan smaller than this along any axis shows no whole body."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class BodyMask:
    """One vertebral body, without its posterior elements.

    `inside` is a float32 probability (slice, row, column) on a grid of its own of about 2 mm, cropped
    to the body with a margin; `affine_lps` (4, 4) maps its index to LPS mm.
    """

    level: str
    inside: NDArray[np.float32]
    affine_lps: NDArray[np.float64]
    centre_lps_mm: tuple[float, float, float]
    cut_by_border: bool
    """The body touches the edge of the scan."""
    name_agrees: bool
    """The coarse network alone would have given the body the same name as the sequence does."""


@dataclass(frozen=True, slots=True)
class TissueMask:
    """Where the aorta, the paraspinal muscle or the spinal canal is: probability (slice, row, column)."""

    name: str
    inside: NDArray[np.float32]
    affine_lps: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpineLabels:
    """All that was found in one scan; bodies run from cranial to caudal."""

    bodies: tuple[BodyMask, ...]
    tissues: tuple[TissueMask, ...]
    numbering_confidence: float
    seconds: Mapping[str, float]
    """Time spent in each stage."""
    orientation: Orientation = field(default_factory=Orientation)
    numbering: NumberingSigns | None = None
    """What the confidence rests on; None where nothing was named."""


class Segmenter:
    """Both networks, loaded once and used for any number of scans."""

    def __init__(self, weights: LoadedWeights, device: str) -> None:
        self._coarse = for_inference(weights.coarse).to(device)
        self._fine = for_inference(weights.fine).to(device)
        self._device = device
        self._numbering = weights.numbering
        self.version = weights.version
        self.weights_sha256 = weights.sha256

    @classmethod
    def load(cls, weights_dir: Path | None = None, *, device: str = "cpu", threads: int | None = None) -> "Segmenter":
        """Read and verify the weights (those of the package by default); raises WeightsMismatch.

        `threads` sets the number of threads of the whole process.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        return cls(load_weights(weights_dir or SHIPPED), device)

    def segment(
        self,
        hu: NDArray[np.int16],
        affine_lps: NDArray[np.float64],
        *,
        levels: Collection[str] | None = None,
        progress: Progress | None = None,
    ) -> SpineLabels:
        """Find, outline and name vertebral bodies.

        `hu` has axes (slice, row, column) in any orientation; `affine_lps` (4, 4) maps its index to
        LPS mm. `levels` None means T11 to L3, or every named thoracic level where no lumbar one is
        seen. A scan without a spine has no bodies, nor has one that shows the patient turned against
        its affine.
        """
        report = progress or _silent
        seconds: dict[str, float] = {}
        scan = canonical(hu, affine_lps)
        if min(scan.values.shape * scan.spacing_mm) < SMALLEST_EXTENT_MM:
            return SpineLabels((), (), 0.0, seconds)
        report("map", 0.0)
        with _timed(seconds, "map"):
            spine = map_spine(scan, self._coarse, self._device)
            orientation = orientation_of(scan, spine, lambda view: map_spine(view, self._coarse, self._device))
            curve = None if orientation.turns else spine_curve(spine)
        report("outline", 0.4)
        with _timed(seconds, "outline"):
            column = None if curve is None else outline_column(scan, spine, curve, self._fine, self._device)
        report("name", 0.9)
        with _timed(seconds, "name"):
            named = () if column is None else _named(column, spine)
        report("done", 1.0)
        return SpineLabels(
            bodies=tuple(_mask_of(body) for body in _wanted(named, levels)),
            tissues=_tissues(spine) if named else (),
            numbering_confidence=self._numbering.confidence(signs_of(named)),
            seconds=seconds,
            orientation=orientation,
            numbering=signs_of(named),
        )

    def views(self, hu: Image) -> tuple[SpineMap, SpineColumn | None]:
        """What both networks say of a canonical scan, before anything is separated or named."""
        spine = map_spine(hu, self._coarse, self._device)
        curve = spine_curve(spine)
        return spine, None if curve is None else outline_column(hu, spine, curve, self._fine, self._device)


def _silent(_stage: str, _share: float) -> None:
    """The default progress report."""


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - begin


def _named(column: SpineColumn, spine: SpineMap) -> tuple[Named, ...]:
    instances = spine_bodies(separate_bodies(column), spine)
    centres = np.array([instance.centre_lps for instance in instances]).reshape(-1, 3)
    return name_bodies(instances, ribs_beside(column, centres), spine)


def _wanted(named: Sequence[Named], levels: Collection[str] | None) -> list[Named]:
    if levels is not None:
        return [body for body in named if body.level in levels]
    has_lumbar = any(body.level.startswith("L") for body in named)
    chosen = DEFAULT_LEVELS if has_lumbar else LEVELS
    return [body for body in named if body.level in chosen]


def _mask_of(body: Named) -> BodyMask:
    x, y, z = (float(c) for c in body.instance.centre_lps)
    instance = body.instance
    return BodyMask(body.level, instance.inside, instance.affine_lps, (x, y, z), instance.is_cut, body.name_agrees)


def _tissues(spine: SpineMap) -> tuple[TissueMask, ...]:
    found = ((name, spine.tissue(name)) for name in TISSUES)
    return tuple(
        TissueMask(name, image.values.astype(np.float32), image.affine_lps)
        for name, image in found
        if image is not None
    )
