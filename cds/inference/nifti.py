"""Scans and label maps as NIfTI files, the way TotalSegmentator takes and gives them. No identifiers are written."""

import re
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from cds.errors import SegmenterFailed
from models.vertebra_segmentation.grid import Image

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_XYZ = (2, 1, 0)
_LABEL = re.compile(r'<Label Key="(\d+)"[^>]*><!\[CDATA\[(.*?)\]\]>')
_SAME_PLACE_MM = 0.01


def write_scan(path: Path, scan: Image) -> None:
    """Axes (x, y, z), affine to RAS mm."""
    affine = _LPS_TO_RAS @ scan.affine_lps[:, [*_XYZ, 3]]
    image: Any = nibabel.Nifti1Image(np.ascontiguousarray(scan.values.transpose(_XYZ)), affine)  # type: ignore[no-untyped-call]
    nibabel.save(image, path)


def read_labels(path: Path, scan: Image) -> tuple[NDArray[np.uint8], dict[int, str]]:
    """Labels (slice, row, column) on the scan's grid, and the names that the file's extended header carries.

    Raises `SegmenterFailed` where the file is none, lies elsewhere, or has no names.
    """
    try:
        image: Any = nibabel.load(path)
        labels = np.asarray(image.dataobj).transpose(_XYZ)
        names = _names(image)
    except (OSError, ValueError, nibabel.filebasedimages.ImageFileError) as error:
        raise SegmenterFailed(f"{path.name} is no readable label map") from error
    if labels.shape != scan.values.shape or not _same_place(_LPS_TO_RAS @ image.affine[:, [*_XYZ, 3]], scan):
        raise SegmenterFailed(f"{path.name} lies on another grid than that of the scan")
    if not names:
        raise SegmenterFailed(f"{path.name} does not say what its labels mean")
    return labels.astype(np.uint8), names


def _names(image: Any) -> dict[int, str]:  # noqa: ANN401 - nibabel has no type for it
    texts = (extension.get_content() for extension in image.header.extensions)
    decoded = (text.decode(errors="replace") if isinstance(text, bytes) else str(text) for text in texts)
    return {int(number): name for text in decoded for number, name in _LABEL.findall(text)}


def _same_place(affine_lps: NDArray[np.float64], scan: Image) -> bool:
    """Whether the corners of both grids coincide."""
    last = np.array(scan.values.shape) - 1
    corners = np.array([[0, 0, 0, 1], [last[0], 0, 0, 1], [0, last[1], 0, 1], [0, 0, last[2], 1]], dtype=np.float64).T
    return bool(np.abs((affine_lps - scan.affine_lps) @ corners).max() <= _SAME_PLACE_MM)
