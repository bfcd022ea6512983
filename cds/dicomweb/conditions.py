"""What every image of a series must fulfil before its pixels count, asked in order.

Each condition sees one image and the first image of the series, and answers with a reason to
refuse or None. The list is part of the contract written in `cds.dicomweb.assembly`.
"""

import math
from collections.abc import Callable
from typing import Final

from cds.ct.reason import Reason, because
from cds.ct.usability import MAXIMUM_SLICE_MM
from cds.dicomweb.dataset import CT_IMAGE_STORAGE, ENHANCED_CT_STORAGES
from cds.dicomweb.slices import CtSlice, Triple

MAXIMUM_TILT_DEG: Final = 5.0
"""Of the slices against the axial plane, and of the gantry."""

_SAME_WITHIN: Final = 1e-3
"""Millimetres or cosines: what rounding in decimal text explains."""
_COSINE_FAULT: Final = 1e-2
_SLICE_TOLERANCE_MM: Final = 0.01
_NOWHERE: Final = (0.0, 0.0, 0.0)

Condition = Callable[[CtSlice, CtSlice], Reason | None]


def refused(image: CtSlice, first: CtSlice) -> Reason | None:
    """Why this image cannot be part of a volume that starts with `first`; None if it can."""
    return next((reason for condition in CONDITIONS if (reason := condition(image, first)) is not None), None)


def normal_of(image: CtSlice) -> Triple:
    """Unit normal of the slice, LPS, pointing to the head (z superior)."""
    (ax, ay, az), (bx, by, bz) = image.row_direction or _NOWHERE, image.column_direction or _NOWHERE
    normal = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    length = math.hypot(*normal) or 1.0
    scale = -1 / length if normal[2] < 0 else 1 / length
    return normal[0] * scale, normal[1] * scale, normal[2] * scale


def tilt_deg(image: CtSlice) -> float:
    """Angle between the slice normal and the patient's long axis, 0 to 90."""
    return math.degrees(math.acos(min(1.0, normal_of(image)[2])))


def _one_ct_frame(image: CtSlice, _first: CtSlice) -> Reason | None:
    if image.modality != "CT":
        return because("not-ct", modality=image.modality or "of unknown modality")
    if image.sop_class_uid in ENHANCED_CT_STORAGES or image.frames > 1:
        return because("enhanced-multiframe")
    if image.sop_class_uid not in (None, CT_IMAGE_STORAGE) or image.samples_per_pixel != 1:
        return because("derived-series", image_type="not stored as CT images")
    return None


def _original(image: CtSlice, first: CtSlice) -> Reason | None:
    localizer, derived = "LOCALIZER" in image.image_type, {"DERIVED", "SECONDARY"} & set(image.image_type[:2])
    if image is not first and image.image_type[:3] != first.image_type[:3] and (localizer or derived):
        return because("mixed-series", what="the image type")
    if localizer:
        return because("localizer")
    return because("derived-series", image_type=", ".join(image.image_type).lower()) if derived else None


def _place(image: CtSlice, _first: CtSlice) -> Reason | None:
    for attribute, value in (
        ("ImagePositionPatient", image.position_lps_mm),
        ("ImageOrientationPatient", image.row_direction and image.column_direction),
        ("PixelSpacing", image.pixel_spacing_mm),
        ("Rows and Columns", image.rows and image.columns),
    ):
        if not value:
            return because("geometry-missing", attribute=attribute)
    if not _orthonormal(image.row_direction, image.column_direction):
        return because("geometry-missing", attribute="valid ImageOrientationPatient")
    return None


def _orthonormal(row: Triple | None, column: Triple | None) -> bool:
    one, other = row or _NOWHERE, column or _NOWHERE
    lengths_right = all(abs(math.hypot(*direction) - 1) < _COSINE_FAULT for direction in (one, other))
    return lengths_right and abs(sum(a * b for a, b in zip(one, other, strict=True))) < _COSINE_FAULT


def _one_grid(image: CtSlice, first: CtSlice) -> Reason | None:
    for what, same in (
        ("the series identifier", image.series_uid == first.series_uid),
        ("the study identifier", image.study_uid == first.study_uid),
        ("the frame of reference", image.frame_of_reference_uid == first.frame_of_reference_uid),
        ("the number of rows and columns", (image.rows, image.columns) == (first.rows, first.columns)),
        ("the pixel spacing", _near(image.pixel_spacing_mm, first.pixel_spacing_mm)),
        ("the orientation", _near(image.row_direction, first.row_direction)),
        ("the orientation", _near(image.column_direction, first.column_direction)),
        ("the slice thickness", _near((image.thickness_mm or 0,), (first.thickness_mm or 0,))),
        ("the reconstruction kernel", image.kernel == first.kernel),
        ("the tube voltage", image.kvp == first.kvp),
    ):
        if not same:
            return because("mixed-series", what=what)
    return None


def _near(one: tuple[float, ...] | None, other: tuple[float, ...] | None) -> bool:
    pairs = zip(one or (), other or (), strict=True)
    return all(abs(ours - theirs) <= _SAME_WITHIN for ours, theirs in pairs)


def _axial(image: CtSlice, _first: CtSlice) -> Reason | None:
    gantry_deg = abs(image.gantry_tilt_deg or 0.0)
    if gantry_deg > MAXIMUM_TILT_DEG:
        return because("gantry-tilt", tilt_deg=gantry_deg, maximum_deg=MAXIMUM_TILT_DEG)
    if (tilt := tilt_deg(image)) > MAXIMUM_TILT_DEG:
        return because("orientation-not-axial", tilt_deg=tilt, maximum_deg=MAXIMUM_TILT_DEG)
    return None


def _thin_enough(image: CtSlice, _first: CtSlice) -> Reason | None:
    if image.thickness_mm is not None and image.thickness_mm > MAXIMUM_SLICE_MM + _SLICE_TOLERANCE_MM:
        return because("slices-too-thick", thickness_mm=image.thickness_mm, maximum_mm=MAXIMUM_SLICE_MM)
    return None


def _hounsfield(image: CtSlice, _first: CtSlice) -> Reason | None:
    unit = (image.rescale_type or "HU").upper()
    if unit != "HU":
        return because("rescale-wrong", unit=unit)
    if image.rescale_slope is None or image.rescale_slope <= 0 or image.rescale_intercept is None:
        return because("rescale-missing")
    return None


CONDITIONS: Final[tuple[Condition, ...]] = (
    _one_ct_frame,
    _original,
    _place,
    _one_grid,
    _axial,
    _thin_enough,
    _hounsfield,
)
