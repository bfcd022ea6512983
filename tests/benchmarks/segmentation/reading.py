"""A real scan from its files: the CT, and its true bodies from label maps or from what pictures show."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import find_objects, label

from cds.bone.anatomy import MaskGrid
from cds.ct.volume import CtVolume
from models.vertebra_segmentation.bodies import vertebral_body
from models.vertebra_segmentation.grid import Image, averaged, shifted, to_lps
from models.vertebra_segmentation.sources import labels_on, read_dicom, read_nifti
from tests.benchmarks.segmentation.bodies import TrueBody
from tests.benchmarks.segmentation.data_folders import DataFolders
from tests.benchmarks.segmentation.measuring import volume_of
from tests.benchmarks.segmentation.real_volumes import LabelMap, RealVolume

FINEST_MM = 1.5
MARGIN = 2


@dataclass(frozen=True, slots=True, eq=False)
class RealScan:
    """One volume in memory; true bodies cranial to caudal."""

    about: RealVolume
    volume: CtVolume
    true: tuple[TrueBody, ...]


def read(about: RealVolume, folders: DataFolders) -> RealScan | None:
    """The scan with its truth; None where its files are not there."""
    place = folders.find(about.place)
    if place is None:
        return None
    image = read_image(place)
    volume = volume_of(image.values, image.affine_lps, float(image.spacing_mm[0]))
    labelled = [] if about.labels is None else labelled_bodies(about.labels, folders)
    true = sorted((*labelled, *bodies_at_heights(about)), key=lambda each: -each.centre_lps_mm[2])
    return RealScan(about, volume, tuple(_with_reference(body, about) for body in true))


def read_image(place: Path) -> Image:
    """NIfTI file or DICOM folder, canonical axes."""
    return read_dicom(place) if place.is_dir() else read_nifti(place)


def labelled_bodies(labels: LabelMap, folders: DataFolders) -> list[TrueBody]:
    """The body of every labelled vertebra, on a grid of 1.5 mm or the map's own.

    Where no map of bodies exists, whole vertebrae are opened with a ball (`models.vertebra_segmentation.bodies`);
    what that leaves of a thick spinous process is no body.
    """
    whole = read_nifti(_present(folders, labels.file))
    spacing_mm = max(FINEST_MM, float(whole.spacing_mm[1]))
    grid = averaged(Image(np.zeros(whole.values.shape, np.float32), whole.affine_lps), spacing_mm)
    vertebrae = labels_on(grid, whole)
    parts = None if labels.body_file is None else labels_on(grid, read_nifti(_present(folders, labels.body_file)))
    found = []
    for value, level in labels.levels.items():
        vertebra = vertebrae == value
        if parts is None:
            body = largest_piece(vertebral_body(vertebra, spacing_mm))
        else:
            body = vertebra & np.isin(parts, labels.body_values)
        if body.any():
            found.append(true_body(level, body, grid.affine_lps))
    return found


def largest_piece(mask: np.ndarray) -> np.ndarray:
    """The largest connected part of a mask; all of it where it has one part or none."""
    pieces, count = label(mask)
    return mask if count < 2 else pieces == 1 + int(np.bincount(pieces.ravel())[1:].argmax())


def true_body(level: str, mask: np.ndarray, affine_lps: np.ndarray) -> TrueBody:
    """A body from its mask on the grid of the scan, cropped to where it is; whole if no border goes through it."""
    box = find_objects(mask.astype(np.uint8))[0]
    is_whole = all(side.start > 0 and side.stop < count for side, count in zip(box, mask.shape, strict=True))
    box = tuple(slice(max(0, side.start - MARGIN), side.stop + MARGIN) for side in box)
    affine = shifted(affine_lps, [side.start for side in box])
    inside = mask[box].astype(np.float32)
    x, y, z = (float(mm) for mm in to_lps(affine, np.argwhere(inside).astype(float)).mean(axis=0))
    return TrueBody(level, (x, y, z), is_whole, MaskGrid(inside, affine))


def bodies_at_heights(about: RealVolume) -> list[TrueBody]:
    """Bodies of which only the height is known."""
    return [TrueBody(level, (0.0, 0.0, height)) for level, height in about.heights_mm.items()]


def _with_reference(body: TrueBody, about: RealVolume) -> TrueBody:
    return replace(body, reference_hu=about.reference_hu.get(body.level))


def _present(folders: DataFolders, place: str) -> Path:
    path = folders.find(place)
    if path is None:
        message = f"the scan is there, its labels are not: {place}"
        raise FileNotFoundError(message)
    return path
