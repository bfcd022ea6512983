"""Whether the images of a series were made by one plain tube spectrum, as far as its attributes tell.

HU become density by the tube voltage. Images that mix, split or filter energies carry a voltage too
(a tin-filtered scan at 100 kVp reads about 20 % too low by the table of 100 kVp), so each kind is
looked for in every place where vendors write it: attributes, image type, the names of series,
protocol and kernel. A name that only may mean such an image refuses: another series is tried then.

    Siemens  Mono+ 70 keV, DE_Abdomen F_0.5, LiverVNC, Sn100, Sa36, Sd36 (DirectDensity)
    GE       GSI, 70 keV, Monochromatic, Iodine(Water), VUE
    Philips  MonoE 40keV, VNC, Iodine no Water, Z Effective, Calcium Suppression
    Canon    VMI, Dual Energy, SilverBeam
"""

import re
from typing import Final

from cds.ct.acquisition import CtSeries
from cds.ct.kernel import emulates_other_kvp
from cds.ct.reason import Reason, because


def _words(*patterns: str) -> re.Pattern[str]:
    """Any of them, not within a longer word."""
    return re.compile(rf"(?<![A-Z])(?:{'|'.join(patterns)})(?![A-Z])")


_VIRTUAL_ENERGY = _words(
    *("VMI", "MONO ?E", "MONO ?PLUS", r"MONO[ -]?ENERG\w*", "MONO[ -]?CHROMATIC", r"MONO(?![ -]*(?:PHA|FAS|LAT|THER))"),
    *(r"(?<!\d)\d{2,3} ?KEV", r"KEV ?\d{2,3}(?!\d)"),
)
_MATERIAL = _words(
    *("[A-Z]*VNCA?", "VNI", "VNUE", r"VIRTUAL ?(?:NON|UNENH)\w*", r"VIRTUELL ?NATIV\w*"),
    r"VUE(?! (?:D'|(?:DE|DU|AX|COR|SAG|GLOB|3D)\w*))",  # of GE; else the French for view
    r"(?<!NO )(?<!NON[ -])(?<!ORAL )(?<!OUT )(?<!W/O )IOD(?:INE|MAP)S?",  # also an oral contrast agent
    r"(?:WATER|CALCIUM|HAP|FAT|BLOOD) ?\((?:WATER|IODINE|CALCIUM|HAP|FAT)",
    *(r"Z[ -]?EFF\w*", "RHO ?/? ?Z", "E-?DENSITY", "ELECTRON DENSITY", "URIC ACID", r"CALCIUM SUPP\w*"),
    *("PURE ?(?:CALCIUM|LUMEN)", "PBV"),
)
_DUAL_ENERGY = _words(
    *("GSI", "DECT", "TBDE", r"TWIN ?BEAM\w*", "SPECTRAL(?! (?:SHAP|FILT))"),
    r"(?:DUAL|MULTI|DOPPEL|DOUBLE|DOBLE|DOPPIA)[ -]?[EÉ]NERG\w*",
)
_DUAL_ENERGY_NAME = re.compile(r"^(DE|DSDE)_|^DE .*(?<![A-Z0-9])[FM][ _]?0[.,]\d|(?<![A-Z0-9])[FM]_0[.,]\d")
"""How Siemens names dual-energy scans and mixtures of their images; the word alone is French and Spanish."""

_MULTI_ENERGY_IMAGE_TYPES = frozenset(
    {
        *("VMI", "MONO", "MONOE", "MONO_E", "VNC", "VIRTUAL_NON_CONTRAST", "IODINE", "MAT_SPECIFIC", "MAT_REMOVED"),
        *("MAT_FRACTIONAL", "MAT_VALUE_BASED", "MAT_MODIFIED", "EFF_ATOMIC_NUM", "ELECTRON_DENSITY"),
    }
)
"""PS3.3 C.8.15.2.1.1.5 and what vendors wrote before."""

_KV = r"(?:70|80|90|100|110|120|130|140|150)"
_TIN = _words(
    *(rf"(?:AU)?SN[ .-]?{_KV}(?!\d)(?:KVP?)?", rf"(?<!\d){_KV} ?(?:KVP?)? ?[+/-]? ?(?:AU)?SN"),
    *("TIN", r"SN[ -]?FILT\w*", "ZINN(?:FILTER)?", "[EÉ]TAIN", "STAGNO", "ESTAÑO", "锡", "SILVER ?BEAM"),
    r"SPECTRAL (?:SHAP|FILT)\w*",
)
_FILTER = _words("TIN", "ZINN", "(?:AU)?SN", "SILVER", "AG", "GOLD", "AU")

_PHOTON_COUNTING = _words("NAEOTOM", "PHOTONOVA", r"PHOTON[ -]?COUNT\w*", "PCCT", "PCD(?:[ -]?CT)?")
_DIRECT_DENSITY = re.compile(r"DIRECT ?(DENSITY|SPR)")

_FIRST_DETAIL: Final = 3
"""Values 1 to 3 of ImageType are the standard's: kind of pixels, of examination, and axial or localizer."""


def refuse_spectrum(series: CtSeries) -> Reason | None:
    """Why HU of this series are not those of one plain tube voltage; None when nothing tells so."""
    described = "; ".join(_plain(name) for name in _names(series))
    detail = "; ".join(_plain(value) for value in series.image_type[_FIRST_DETAIL:])
    if _PHOTON_COUNTING.search(f"{_plain(series.model)}; {described}"):
        return because("photon-counting")
    if _is_multi_energy(series, f"{described}; {detail}"):
        return because("virtual-monoenergetic")
    filters = f"{_plain(series.filter_type)}; {_plain(series.filter_material)}"
    if _TIN.search(described) or _FILTER.search(filters):
        return because("spectral-filter")
    if emulates_other_kvp(series.kernel):
        return because("kernel-emulates-kvp", kernel=series.kernel)
    return because("kernel-emulates-kvp", kernel="DirectDensity") if _DIRECT_DENSITY.search(described) else None


def _is_multi_energy(series: CtSeries, described: str) -> bool:
    return (
        series.multi_energy is True
        or not _MULTI_ENERGY_IMAGE_TYPES.isdisjoint(series.image_type)
        or any(_DUAL_ENERGY_NAME.search(name.upper()) for name in _names(series))
        or any(words.search(described) for words in (_VIRTUAL_ENERGY, _MATERIAL, _DUAL_ENERGY))
    )


def _names(series: CtSeries) -> tuple[str, ...]:
    return tuple(filter(None, (series.series_description, series.protocol_name)))


def _plain(text: str | None) -> str:
    """In capitals, underscores as the spaces that they stand for."""
    return (text or "").upper().replace("_", " ")
