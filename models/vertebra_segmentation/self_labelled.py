"""Real scans without labels, labelled by an earlier network and named by hand.

The teacher has learned from digital patients alone, so cross-validation stays honest: no label of a scan that is
left out has reached it. Which body is which was read from ribs and pictures, not by a radiologist; the centres
below say so, and bodies that have no name there teach that they are bodies, and no level.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.vertebra_segmentation.column import SpineColumn
from models.vertebra_segmentation.grid import Image, to_index, to_lps
from models.vertebra_segmentation.labels import BODY_CLASSES, IGNORE, UNNAMED, coarse_index, fine_index
from models.vertebra_segmentation.segmenter import Segmenter
from models.vertebra_segmentation.sources import LabelledScan, on_training_grid, read_dicom, read_nifti
from models.vertebra_segmentation.spine_map import SpineMap

SURE = 0.6
"""Least probability of a label that is believed; less sure voxels are ignored."""
NEAR_MM = 22.0
"""A voxel of a body belongs to the named centre that is nearest, if one is this near."""

Labels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """A scan below the data folder, and the centres (LPS mm) of the bodies that are named in it."""

    name: str
    place: str
    licence: str
    centres: Mapping[str, tuple[float, float, float]]


UNLABELLED = (
    Unlabelled(
        "lidc_0314",
        "lidc_0314/ct.nii.gz",
        "CC BY 3.0",
        {
            "T2": (-9, 184, -449),
            "T3": (-10, 197, -464),
            "T4": (-10, 209, -480),
            "T5": (-11, 219, -499),
            "T6": (-11, 226, -521),
            "T7": (-11, 231, -546),
            "T8": (-11, 231, -568),
            "T9": (-10, 230, -590),
            "T10": (-9, 227, -614),
            "T11": (-9, 222, -639),
            "T12": (-8, 215, -667),
        },
    ),
    Unlabelled(
        "crlm_1004",
        "crlm_1004/dicom",
        "CC BY 4.0",
        {},  # rudimentary twelfth ribs: readers number it differently, so it teaches no names
    ),
    Unlabelled(
        "lung4d_113",
        "lung4d_113/ct.nii.gz",
        "CC BY 3.0",
        {},  # a vertebra is destroyed, so the names are left open; outlines only
    ),
)


def self_labelled_scans(data: Path, teacher: Segmenter) -> Iterator[LabelledScan]:
    """Every scan of `UNLABELLED` that is there, with the teacher's labels."""
    for scan in UNLABELLED:
        path = data / scan.place
        if path.exists():
            yield self_labelled(scan, read_dicom(path) if path.is_dir() else read_nifti(path), teacher)


def self_labelled(scan: Unlabelled, hu: Image, teacher: Segmenter) -> LabelledScan:
    """The labels that the teacher is sure of, with the names that were given by hand."""
    image = on_training_grid(hu)
    spine, column = teacher.views(hu)
    fine = np.full(image.values.shape, IGNORE, np.uint8) if column is None else _fine(image, column)
    coarse = _coarse(image, spine)
    bodies = np.isin(fine, [fine_index("body_rim"), fine_index("body_core")])
    coarse[np.isin(coarse, [coarse_index(name) for name in BODY_CLASSES])] = IGNORE
    coarse[bodies] = _names(np.argwhere(bodies), image, scan)
    return LabelledScan(scan.name, scan.licence, image, coarse, fine)


def _coarse(image: Image, spine: SpineMap) -> Labels:
    best, sure = _decided(spine.probabilities)
    return _onto(image, np.where(sure, best, IGNORE).astype(np.uint8), spine.affine_lps)


def _fine(image: Image, column: SpineColumn) -> Labels:
    best, sure = _decided(column.probabilities)
    return _onto(image, np.where(sure, best, IGNORE).astype(np.uint8), column.affine_lps)


def _decided(probabilities: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Likeliest class (slice, row, column), and whether it is likely enough."""
    return probabilities.argmax(axis=0), probabilities.max(axis=0) >= SURE


def _onto(image: Image, labels: Labels, affine_lps: NDArray[np.float64]) -> Labels:
    """Nearest label at each voxel of an image; ignored where the labels do not reach."""
    found = np.full(image.values.shape, IGNORE, np.uint8)
    places = []
    for axis in range(3):
        steps = np.zeros((image.values.shape[axis], 3))
        steps[:, axis] = np.arange(len(steps))
        index = to_index(affine_lps, to_lps(image.affine_lps, steps))[:, axis]
        places.append(np.rint(index).astype(int))
    inside = [(place >= 0) & (place < size) for place, size in zip(places, labels.shape, strict=True)]
    used = [place[within] for place, within in zip(places, inside, strict=True)]
    found[np.ix_(*inside)] = labels[np.ix_(*used)]
    return found


def _names(voxels: NDArray[np.intp], image: Image, scan: Unlabelled) -> Labels:
    """Coarse class of each body voxel (voxel, 3)."""
    places = to_lps(image.affine_lps, voxels.astype(float))
    if not scan.centres:
        return np.full(len(voxels), UNNAMED, np.uint8)
    centres = np.array(list(scan.centres.values()), float)
    distance = np.linalg.norm(places[:, None] - centres[None], axis=2)
    classes = np.array([coarse_index(level) for level in scan.centres], np.uint8)[distance.argmin(axis=1)]
    return np.where(distance.min(axis=1) <= NEAR_MM, classes, UNNAMED).astype(np.uint8)
