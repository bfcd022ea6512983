"""Whether one CT series can be measured at all, as far as its attributes tell.

The rules are asked in order and the first that refuses names the reason. Limits are those of
the quality gates: tube voltage 70 to 150 kVp, slices of at most 5 mm, at least 8 of them.
"""

import re
from collections.abc import Callable
from typing import Final

from cds.ct.acquisition import CtSeries
from cds.ct.image_type import refuse_image_type
from cds.ct.reason import Reason, because
from cds.ct.spectrum import refuse_spectrum

MINIMUM_SLICES: Final = 8
"""One lumbar vertebra with its endplates in the thickest slices that are accepted."""
MAXIMUM_SLICE_MM: Final = 5.0
MINIMUM_KVP: Final = 70.0
MAXIMUM_KVP: Final = 150.0

_CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
_ENHANCED_CT_STORAGES = frozenset({"1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"})

_PARTS_WITH_SPINE = re.compile(
    r"CHEST|THORAX|THORAC|ABD|TRUNK|TORSO|LUNG|HEART|CARDIAC|CORONARY|LIVER|KIDNEY|RENAL|AORTA|[TL]L?SPINE|[TL]-SPINE|LUMBAR|WHOLE|BODY"
)
_PARTS_WITHOUT_SPINE = re.compile(
    r"HEAD|SKULL|BRAIN|NECK|CSPINE|C-SPINE|CERVICAL|SINUS|ORBIT|FACE|JAW|MAXILLA|MANDIBLE|DENTAL|EAR\b|TEMPORAL"
    r"|SHOULDER|ARM\b|HUMERUS|ELBOW|FOREARM|WRIST|HAND|FINGER|EXTREMITY|LEG\b|HIP\b|FEMUR|THIGH|KNEE|TIBIA|CALF|ANKLE|FOOT|TOE|CALCANEUS"
)


def shows_spine(series: CtSeries) -> bool | None:
    """Whether BodyPartExamined includes thoracic or lumbar spine; None where it does not tell."""
    part = (series.body_part or "").upper()
    if _PARTS_WITH_SPINE.search(part):
        return True
    return False if _PARTS_WITHOUT_SPINE.search(part) else None


def refusal(series: CtSeries) -> Reason | None:
    """Why this series cannot be measured; None when nothing speaks against it."""
    return next((reason for rule in _RULES if (reason := rule(series)) is not None), None)


def _modality(series: CtSeries) -> Reason | None:
    return None if series.modality == "CT" else because("not-ct", modality=series.modality or "of unknown modality")


def _object_kind(series: CtSeries) -> Reason | None:
    if series.sop_class_uid in _ENHANCED_CT_STORAGES:
        return because("enhanced-multiframe")
    if series.sop_class_uid is not None and series.sop_class_uid != _CT_IMAGE_STORAGE:
        return because("derived-series", image_type="not stored as CT images")
    return None


def _tube_voltage(series: CtSeries) -> Reason | None:
    if series.kvp is None:
        return because("kvp-missing")
    if not MINIMUM_KVP <= series.kvp <= MAXIMUM_KVP:
        return because("kvp-outside", kvp=series.kvp)
    return None


def _slices(series: CtSeries) -> Reason | None:
    thickness_mm, count = series.slice_thickness_mm, series.instance_count
    if thickness_mm is not None and thickness_mm > MAXIMUM_SLICE_MM:
        return because("slices-too-thick", thickness_mm=thickness_mm, maximum_mm=MAXIMUM_SLICE_MM)
    if count is not None and count < MINIMUM_SLICES:
        return because("too-few-slices", count=count, minimum=MINIMUM_SLICES)
    return None


def _body_part(series: CtSeries) -> Reason | None:
    if shows_spine(series) is False:
        return because("body-part-without-spine", body_part=(series.body_part or "").lower())
    return None


_RULES: Final[tuple[Callable[[CtSeries], Reason | None], ...]] = (
    _modality,
    _object_kind,
    refuse_image_type,
    refuse_spectrum,
    _tube_voltage,
    _slices,
    _body_part,
)
