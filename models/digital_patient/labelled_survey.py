"""A coarse look at a warped anatomy: where its bodies, its skin and the ends of its source lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.digital_patient.grid import Canvas, Floats, ScanGrid
from models.digital_patient.labelled_canvas import Body, painted
from models.digital_patient.simulate import ScanRequest
from models.digital_patient.structures import BODY, LEVELS, Structure

STEP_MM = (3.0, 8.0, 8.0)
EXTENT_MM = (720.0, 480.0, 600.0)
BEHIND_COLUMN_MM = 15.0
MOST_BEYOND = 0.3
"""Share of a cross section that may repeat the last slice of the source: planes tilt when a body does."""
COLUMN = (*BODY, Structure.DISC, Structure.CANAL)


@dataclass(frozen=True, slots=True)
class Survey:
    """The whole body in coarse voxels, from the lowest to the highest place that the source shows."""

    canvas: Canvas
    levels_z_mm: dict[str, tuple[float, float]]
    """Lowest and highest part of every body, cranial to caudal."""

    @property
    def back_mm(self) -> float:
        """Rearmost skin."""
        rows = (self.canvas.structures > Structure.AIR).any(axis=(0, 2))
        return float(self.canvas.grid.along(1)[np.flatnonzero(rows)[-1]])

    def grid_of(self, request: ScanRequest) -> ScanGrid:
        """The voxels that the request asks for, as far as the source reaches."""
        acquisition = request.acquisition
        low, high = self._range(request)
        slices = int((high - low) / acquisition.slice_interval_mm)
        if slices < 1:
            msg = (
                f"no slice lies between the top of {request.cranial} and the bottom of {request.caudal} in this source"
            )
            raise ValueError(msg)
        pixels = round(acquisition.field_of_view_mm / acquisition.pixel_mm)
        corner = -(pixels - 1) / 2 * acquisition.pixel_mm
        x, y = self._aim(low, high, spine=request.aim == "spine")
        return ScanGrid(
            (slices, pixels, pixels),
            (acquisition.slice_interval_mm, acquisition.pixel_mm, acquisition.pixel_mm),
            (
                x + request.aim_off_mm[0] + corner,
                y + request.aim_off_mm[1] + corner,
                low + acquisition.slice_interval_mm / 2,
            ),
        )

    def _range(self, request: ScanRequest) -> tuple[float, float]:
        heights = self.canvas.grid.along(0)
        half = self.canvas.grid.spacing_mm[0] / 2
        low, high = float(heights[0]) - half, float(heights[-1]) + half
        wanted = LEVELS[LEVELS.index(request.cranial) : LEVELS.index(request.caudal) + 1]
        if not set(wanted) & set(self.levels_z_mm):
            msg = f"this source shows nothing from {request.cranial} to {request.caudal}"
            raise ValueError(msg)
        if request.cranial in self.levels_z_mm:
            high = min(high, self.levels_z_mm[request.cranial][1] + request.margin_mm)
        if request.caudal in self.levels_z_mm:
            below = request.margin_mm if request.margin_below_mm is None else request.margin_below_mm
            low = max(low, self.levels_z_mm[request.caudal][0] - below)
        return low, high

    def _aim(self, low: float, high: float, *, spine: bool) -> tuple[float, float]:
        heights = self.canvas.grid.along(0)
        seen = self.canvas.structures[(heights >= low) & (heights <= high)]
        mask = np.isin(seen, BODY) if spine else seen > Structure.AIR
        ends = [np.flatnonzero(mask.any(axis=axes))[[0, -1]] for axes in ((0, 1), (0, 2))]
        x, y = (float(self.canvas.grid.along(axis)[end].mean()) for axis, end in zip((2, 1), ends, strict=True))
        return x, y + BEHIND_COLUMN_MM * spine


def survey_of(body: Body) -> Survey:
    """Look at a body everywhere; what lies beyond the source is cut off."""
    shape = tuple(int(extent / step) for extent, step in zip(EXTENT_MM, STEP_MM, strict=True))
    middle = body.anatomy.middle_mm
    first = [m - (count - 1) / 2 * step for m, count, step in zip(middle, shape[::-1], STEP_MM[::-1], strict=True)]
    canvas, beyond = painted(body, ScanGrid((shape[0], shape[1], shape[2]), STEP_MM, (first[0], first[1], first[2])))
    part = _shown(canvas, beyond)
    x, y, z = canvas.grid.first_lps_mm
    grid = ScanGrid((part.stop - part.start, *canvas.grid.shape[1:]), STEP_MM, (x, y, z + part.start * STEP_MM[0]))
    seen = Canvas(grid, canvas.structures[part], canvas.vertebra[part], canvas.cortex[part])
    return Survey(seen, _levels(seen))


def _shown(canvas: Canvas, beyond: NDArray[np.bool_]) -> slice:
    """The longest run of slices that need nothing of the column, and little else, from beyond the source."""
    body = canvas.structures > Structure.AIR
    share = (body & beyond).sum(axis=(1, 2)) / np.maximum(body.sum(axis=(1, 2)), 1)
    column = (np.isin(canvas.structures, COLUMN) & beyond).any(axis=(1, 2))
    runs, _ = ndimage.label(body.any(axis=(1, 2)) & ~column & (share < MOST_BEYOND))
    run: slice = max(ndimage.find_objects(runs), key=lambda each: each[0].stop - each[0].start)[0]
    return run


def _levels(canvas: Canvas) -> dict[str, tuple[float, float]]:
    numbers = np.where(np.isin(canvas.structures, BODY), canvas.vertebra, 0)
    heights: Floats = canvas.grid.along(0)
    half = canvas.grid.spacing_mm[0] / 2
    found = {}
    for number in np.unique(numbers[numbers > 0]):
        seen = heights[(numbers == number).any(axis=(1, 2))]
        found[LEVELS[number - 1]] = (float(seen[0]) - half, float(seen[-1]) + half)
    return found
