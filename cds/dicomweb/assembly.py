"""Images of one series become one `CtVolume`, or the reason why they cannot.

The contract, in the order in which it is checked:

1. each image carries the expected patient, and is one frame of CT (PS3.3 A.3), no enhanced
   multi-frame object and no screen capture
2. each is an original axial image: no localizer, nothing derived or reformatted
3. each has its place: ImagePositionPatient, ImageOrientationPatient, PixelSpacing, Rows, Columns
4. all share series, study, frame of reference, size, spacing, orientation, thickness, kernel
   and tube voltage
5. slices and gantry are tilted by at most 5 degrees; slices are at most 5 mm thick
6. each is in Hounsfield units by its own rescale slope and intercept (an absent RescaleType
   counts as HU, PS3.3 C.8.2.1)
7. each image's pixels decode completely: never a partial volume
8. images at one position have identical pixels, and one of them counts
9. at least 8 positions, evenly spaced, none missing in between, at most 5 mm apart, in line

The order in which images arrive is of no account. Memory: the volume, and one image.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.ct.reason import NotAssessable, Reason, because
from cds.ct.volume import CtVolume
from cds.dicomweb.conditions import refused
from cds.dicomweb.grid import grid_of
from cds.dicomweb.pixels import Unreadable, hounsfield_units, reasons_for
from cds.dicomweb.slices import CtSlice

Image = tuple[CtSlice, Dataset]
"""Header facts, and the dataset that holds the pixels."""

_FAULTS_ENOUGH: Final = 10
"""After so many unreadable images the rest is not decoded."""
_FIRST_GUESS: Final = 64
_PLACES_AT_MOST: Final = 2048
"""More are made when that many images have come; what an archive announces is not trusted with memory."""


def assemble_volume(
    images: Iterable[Image], series: CtSeries, expected_count: int | None = None
) -> CtVolume | NotAssessable:
    """Take the images one by one, in any order, and put them on one grid.

    `series` says whose images these must be; `expected_count` only spares memory.
    """
    headers: list[CtSlice] = []
    planes: _Planes | None = None
    faults: list[Unreadable] = []
    for image, dataset in images:
        reason = refused_header(image, headers[0] if headers else image, series)
        if reason is not None:
            return NotAssessable((reason,))
        hu = hounsfield_units(dataset, image)
        if isinstance(hu, Unreadable):
            faults.append(hu)
            if len(faults) == _FAULTS_ENOUGH:
                break
            continue
        if planes is None:
            planes = _Planes(min(expected_count or _FIRST_GUESS, _PLACES_AT_MOST), hu)
        headers.append(image)
        planes.append(hu)
    if faults:
        return NotAssessable(reasons_for(faults))
    if planes is None:
        return NotAssessable((because("too-few-slices", count=0, minimum=1),))
    grid = grid_of(headers, planes.equal)
    if isinstance(grid, Reason):
        return NotAssessable((grid,))
    facts = replace(series, instance_count=len(grid.order), lossy=series.lossy or any(image.lossy for image in headers))
    return CtVolume(planes.in_order(grid.order), grid.affine_lps, facts)


def refused_header(image: CtSlice, first: CtSlice, series: CtSeries) -> Reason | None:
    """Why this image cannot be part of the series' volume, as far as its header tells."""
    return because("patient-mismatch") if differs(image.patient, series.patient) else refused(image, first)


def differs(found: ArchivedPatient, expected: ArchivedPatient) -> bool:
    """Whether an image names another patient: by identifier, or by a fact that contradicts."""
    if found.patient_id.strip() != expected.patient_id.strip():
        return True
    pairs = (
        (found.issuer, expected.issuer),
        (found.birth_date, expected.birth_date),
        (found.sex, expected.sex),
    )
    return any(ours is not None and theirs is not None and ours != theirs for ours, theirs in pairs)


class _Planes:
    """Decoded images in the order of arrival, in one block of memory that becomes the volume."""

    def __init__(self, capacity: int, like: NDArray[np.int16]) -> None:
        self._block = np.empty((capacity, *like.shape), np.int16)
        self._count = 0

    def append(self, hu: NDArray[np.int16]) -> None:
        """Keep a copy of one (row, column) image; all have the same shape."""
        if self._count == len(self._block):
            grown = np.empty((2 * self._count, *hu.shape), np.int16)
            grown[: self._count] = self._block
            self._block = grown
        self._block[self._count] = hu
        self._count += 1

    def equal(self, one: int, other: int) -> bool:
        """Whether two images have identical pixels."""
        return np.array_equal(self._block[one], self._block[other])

    def in_order(self, order: tuple[int, ...]) -> NDArray[np.int16]:
        """Permute in place, one cycle after the other; images not in `order` are left behind."""
        block, kept = self._block, set(order)
        source = [*order, *(index for index in range(self._count) if index not in kept)]
        for start in range(self._count):
            if source[start] == start:
                continue
            saved, target = block[start].copy(), start
            while source[target] != start:
                following = source[target]
                block[target] = block[following]
                source[target] = target
                target = following
            block[target] = saved
            source[target] = target
        return block[: len(order)]
