"""Whether one CT series can be measured at all, as far as its attributes tell.

The rules are asked in order and the first that refuses names the reason. Limits are those of
the quality gates: tube voltage 70 to 150 kVp, slices of at most 5 mm, at least 8 of them.
"""

import re
from collections.abc import Callable
from typing import Final

from cds.ct.acquisition import CtSeries
from cds.ct.kernel import emulates_other_kvp
from cds.ct.reason import Reason, because

MINIMUM_SLICES: Final = 8
"""One lumbar vertebra with its endplates in the thickest slices that are accepted."""
MAXIMUM_SLICE_MM: Final = 5.0
MINIMUM_KVP: Final = 70.0
MAXIMUM_KVP: Final = 150.0

_CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
_ENHANCED_CT_STORAGES = frozenset({"1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"})

_LOCALIZER_TEXT = re.compile(r"\b(SCOUT|TOPOGRAM|SURVIEW|SCANOGRAM|LOCALI[SZ]ER)\b")
_PROJECTION_TEXT = re.compile(r"\b(MIN ?IP|MIP)\b")
_SPECTRAL_TEXT = re.compile(
    r"\bVMI\b|\bMONO(E|ENERGETIC)?\b|\bMONO[ _+-]*\d|\d\s*KEV\b|\bVNC\b|\bVUE\b|\bIODINE|\bIODMAP"
    r"|\bGSI\b|\bSPECTRAL\b|\b(DUAL|MULTI)[ _-]?ENERGY\b"
)
_MIXED_ENERGY_TEXT = re.compile(r"\bDE[ _].*\b[FM][ _]?0[.,]\d|\b[FM]_0\.\d")
_SPECTRAL_IMAGE_TYPES = frozenset(
    {"VMI", "MONO", "MONOE", "MONO_E", "VNC", "VIRTUAL_NON_CONTRAST", "IODINE", "MAT_SPECIFIC"}
)
_TIN_TEXT = re.compile(r"(?<![A-Z])SN ?\d{2,3}(?!\d)|\d{2,3} ?KV ?SN\b|(?<![A-Z])TIN(?![A-Z])")
_SPECTRAL_FILTERS = re.compile(r"(?<![A-Z])(TIN|SN|SILVER|AG|GOLD|AU)(?![A-Z])")

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


def _described(series: CtSeries) -> str:
    return " ".join(filter(None, (series.series_description, series.protocol_name))).upper()


def _modality(series: CtSeries) -> Reason | None:
    return None if series.modality == "CT" else because("not-ct", modality=series.modality or "of unknown modality")


def _object_kind(series: CtSeries) -> Reason | None:
    if series.sop_class_uid in _ENHANCED_CT_STORAGES:
        return because("enhanced-multiframe")
    if series.sop_class_uid is not None and series.sop_class_uid != _CT_IMAGE_STORAGE:
        return because("derived-series", image_type="not stored as CT images")
    return None


def _image_type(series: CtSeries) -> Reason | None:
    if "LOCALIZER" in series.image_type or _LOCALIZER_TEXT.search(_described(series)):
        return because("localizer")
    if {"DERIVED", "SECONDARY"} & set(series.image_type[:2]):
        return because("derived-series", image_type=", ".join(series.image_type).lower())
    if _PROJECTION_TEXT.search(_described(series)):
        return because("derived-series", image_type="intensity projection")
    return None


def _spectrum(series: CtSeries) -> Reason | None:
    described = _described(series)
    tagged = _SPECTRAL_IMAGE_TYPES & set(series.image_type)
    if tagged or _SPECTRAL_TEXT.search(described) or _MIXED_ENERGY_TEXT.search(described):
        return because("virtual-monoenergetic")
    filters = " ".join(filter(None, (series.filter_type, series.filter_material))).upper()
    if _TIN_TEXT.search(described) or _SPECTRAL_FILTERS.search(filters):
        return because("spectral-filter")
    if emulates_other_kvp(series.kernel):
        return because("kernel-emulates-kvp", kernel=series.kernel)
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
    _image_type,
    _spectrum,
    _tube_voltage,
    _slices,
    _body_part,
)
