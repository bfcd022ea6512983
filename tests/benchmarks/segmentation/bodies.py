"""A vertebral body as the truth has it, and as the product found and measured it."""

from dataclasses import dataclass

from cds.bone.anatomy import MaskGrid, Point
from cds.bone.roi import TrabecularRoi


@dataclass(frozen=True, slots=True, eq=False)
class TrueBody:
    """What is known of one body; None where it is not."""

    level: str
    centre_lps_mm: Point
    is_whole: bool = True
    """The scan shows all of it."""
    mask: MaskGrid | None = None
    """Without one, only the height of the centre is known, read from a picture."""
    hu: float | None = None
    """Trabecular: the product's rule on the true mask, or the simulated core without noise."""
    roi_centre_lps_mm: Point | None = None
    reference_hu: float | None = None
    """Placed by hand or from an eroded label map."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundBody:
    """One outlined body, and its region where the product could measure it."""

    level: str
    centre_lps_mm: Point
    is_whole: bool
    mask: MaskGrid
    roi: TrabecularRoi | None = None
    vbmd_mg_cm3: float | None = None
    refused: tuple[str, ...] = ()
    """Codes of the reasons why it was not measured."""
