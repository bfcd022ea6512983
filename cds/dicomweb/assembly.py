"""Images of one series become one `CtVolume`, or the reason why they cannot.

The contract, in the order in which it is checked:

1. each image carries the expected patient's identifier, and no issuer, birth date or sex that
   contradicts the expected patient or another image; each is one frame of CT (PS3.3 A.3), no
   enhanced multi-frame object and no screen capture
2. each is an original axial image: no localizer, nothing derived or reformatted
3. each has its place: ImagePositionPatient, ImageOrientationPatient, PixelSpacing, Rows, Columns
4. all share series, study, frame of reference, size, spacing, orientation, thickness, kernel
   and tube voltage
5. slices and gantry are tilted by at most 5 degrees; slices are at most 5 mm thick
6. each is in Hounsfield units by its own rescale slope and intercept (an absent RescaleType
   counts as HU, PS3.3 C.8.2.1)
7. each image can be read and its pixels decode completely: never a partial volume
8. images at one position have identical pixels, and one of them counts
9. at least 8 positions, evenly spaced, none missing in between, at most 5 mm apart, in line

The facts of the volume are what its images say, the patient's being every fact that any of them
has. What was known of the series before only fills the gaps.

The order in which images arrive is of no account. Memory: the volume, and a few images.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cds.ct.acquisition import CtSeries
from cds.ct.patient import merged
from cds.ct.reason import NotAssessable, Reason, because
from cds.ct.volume import CtVolume
from cds.dicomweb.attributes import DatasetAttributes
from cds.dicomweb.conditions import refused
from cds.dicomweb.dataset import series_of
from cds.dicomweb.decoding import Image, decoded
from cds.dicomweb.grid import grid_of
from cds.dicomweb.pixels import Unreadable, reasons_for
from cds.dicomweb.slices import CtSlice

_FAULTS_ENOUGH: Final = 10
"""After so many unreadable images the rest is not decoded."""
_FIRST_GUESS: Final = 64
_PLACES_AT_MOST: Final = 2048
"""More are made when that many images have come; what an archive announces is not trusted with memory."""


def assemble_volume(
    images: Iterable[Image | Unreadable], series: CtSeries, expected_count: int | None = None, *, threads: int = 1
) -> CtVolume | NotAssessable:
    """Take the images one by one, in any order, and put them on one grid.

    `series` says whose images these must be, and what it tells beyond that fills the gaps that
    the images leave; `expected_count` only spares memory. `threads` decode.
    """
    faults: list[Unreadable] = []
    headers = _Headers(series, faults)
    planes = _Planes(min(expected_count or _FIRST_GUESS, _PLACES_AT_MOST))
    with closing(decoded(headers.kept_of(images), threads)) as pixels:
        for hu in pixels:
            if not isinstance(hu, Unreadable):
                planes.append(hu)
                continue
            faults.append(hu)
            if len(faults) >= _FAULTS_ENOUGH:
                break
    if headers.refusal is not None:
        return NotAssessable((headers.refusal,))
    if faults:
        return NotAssessable(reasons_for(faults))
    if not headers.kept:
        return NotAssessable((because("too-few-slices", count=0, minimum=1),))
    grid = grid_of(headers.kept, planes.equal)
    if isinstance(grid, Reason):
        return NotAssessable((grid,))
    return CtVolume(
        planes.in_order(grid.order), grid.affine_lps, headers.facts(grid.order), headers.sop_instance_uids(grid.order)
    )


def refused_headers(images: Sequence[CtSlice], series: CtSeries) -> Reason | None:
    """Why these cannot be the images of the series' volume, as far as their headers tell."""
    if merged(series.patient, *(image.patient for image in images)) is None:
        return because("patient-mismatch")
    reason = next((why for image in images if (why := refused(image, images[0])) is not None), None)
    if reason is not None:
        return reason
    grid = grid_of(images, lambda _one, _other: True)
    return grid if isinstance(grid, Reason) else None


class _Headers:
    """What the images say of themselves, gathered in the order of arrival."""

    def __init__(self, series: CtSeries, faults: list[Unreadable]) -> None:
        """`faults` takes what cannot be read at all."""
        self.kept: list[CtSlice] = []
        self.refusal: Reason | None = None
        """Why an image cannot stand beside those before it: another patient, or a broken condition."""
        self._faults = faults
        self._series = series
        self._patient = series.patient
        self._told: list[CtSeries] = []

    def kept_of(self, images: Iterable[Image | Unreadable]) -> Iterator[Image]:
        """Remember what each image says, and hand it on; ends before the first that is refused."""
        for each in images:
            if isinstance(each, Unreadable):
                self._faults.append(each)
                continue
            image, dataset = each
            self.refusal = self._refuse(image)
            if self.refusal is not None:
                return
            self.kept.append(image)
            self._told.append(series_of(DatasetAttributes(dataset), transfer_syntax=image.transfer_syntax))
            yield image, dataset

    def _refuse(self, image: CtSlice) -> Reason | None:
        known = merged(self._patient, image.patient)
        if known is None:
            return because("patient-mismatch")
        self._patient = known
        return refused(image, self.kept[0] if self.kept else image)

    def sop_instance_uids(self, order: tuple[int, ...]) -> tuple[str, ...]:
        """Which image is which slice; nothing where an identifier is missing or stands on two images."""
        uids = tuple(self.kept[index].sop_instance_uid or "" for index in order)
        return uids if "" not in uids and len(set(uids)) == len(uids) else ()

    def facts(self, order: tuple[int, ...]) -> CtSeries:
        """The series as its images describe it, the lowest first; under the UIDs by which it was asked for."""
        told = [*(self._told[index] for index in order), self._series]
        return replace(
            reduce(CtSeries.completed_by, told),
            study_uid=self._series.study_uid,
            series_uid=self._series.series_uid,
            patient=self._patient,
            instance_count=len(order),
            lossy=any(one.lossy for one in (*self._told, self._series)),
        )


class _Planes:
    """Decoded images in the order of arrival, in one block of memory that becomes the volume."""

    def __init__(self, capacity: int) -> None:
        self._block = np.empty((capacity, 0, 0), np.int16)
        self._count = 0

    def append(self, hu: NDArray[np.int16]) -> None:
        """Keep a copy of one (row, column) image; all have the same shape."""
        if self._count == 0:
            self._block = np.empty((len(self._block), *hu.shape), np.int16)
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
