r"""Whether the images of a series were reconstructed as axial CT, as ImageType and its names tell.

PS3.3 C.8.2.1.1.1: value 1 ORIGINAL or DERIVED, value 2 PRIMARY or SECONDARY, value 3 AXIAL or LOCALIZER;
what follows is the vendor's. DERIVED\PRIMARY\AXIAL is refused although vendors use it of axial images:
it is also how resampled (Siemens "CT_SOM5 SPO"), filtered and energy-mixed images are marked, and no
attribute tells these apart. The original lies beside it in nearly every study and is chosen instead.
The one derivation that is known and harmless in itself is loss by compression, which has a flag.
"""

import re

from cds.ct.acquisition import CtSeries
from cds.ct.reason import Reason, because

_LOCALIZER_TEXT = re.compile(r"(?<![A-Z])(SCOUT|TOPOGRAM|SURVIEW|SCANOGRAM|LOCALI[SZ]ER)S?(?![A-Z])")
_PROJECTION_TEXT = re.compile(r"(?<![A-Z])(MIN ?IP|MIP)S?(?![A-Z])")
_LOCALIZER_TYPE = re.compile(r"(?<![A-Z])(LOCALI[SZ]ER|SCOUT|TOP)(?![A-Z])")
_DERIVED_TYPE = re.compile(
    r"(?<![A-Z])(MPR|CPR|MIN ?IP|MIP|VRT?|VOLREN|REFORMATT?ED|PROJECTION|PROT|SUBTRACT\w*|CORONAL|SAGITTAL|OBLIQUE"
    r"|DOSE ?(REPORT|INFO)|SCREEN ?(SAVE|SHOT|CAPTURE)|SPO)(?![A-Z])"
)


def refuse_image_type(series: CtSeries) -> Reason | None:
    """Why these are no original axial images; None where nothing tells so, or nothing is recorded."""
    described = f"{series.series_description or ''} {series.protocol_name or ''}".upper()
    values = " ".join(series.image_type).replace("_", " ")
    if _LOCALIZER_TYPE.search(values) or _LOCALIZER_TEXT.search(described):
        return because("localizer")
    if _is_derived(series) or _DERIVED_TYPE.search(values):
        return because("derived-series", image_type=", ".join(series.image_type).lower())
    if _PROJECTION_TEXT.search(described):
        return because("derived-series", image_type="intensity projection")
    return None


def _is_derived(series: CtSeries) -> bool:
    kinds = set(series.image_type[:2])
    only_compressed = series.lossy and series.image_type[:3] == ("DERIVED", "PRIMARY", "AXIAL")
    return not kinds.isdisjoint({"DERIVED", "SECONDARY"}) and not only_compressed
