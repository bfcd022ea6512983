"""What may be seen in the soft tissue of a trunk."""

from dataclasses import dataclass
from typing import Literal

LungState = Literal["usual", "emphysema", "fibrosis"]


@dataclass(frozen=True, slots=True)
class SoftFindings:
    """What else may be seen in the trunk."""

    heart: float = 1.0
    """Size, relative."""
    lung: LungState = "usual"
    effusion_mm: tuple[float, float] = (0.0, 0.0)
    """Height of fluid behind the right and the left lung."""
    ascites: bool = False
    hiatus_hernia: bool = False
    gas: float = 1.0
    """Gas in the bowel, relative."""
    oral_contrast: bool = False
    pacemaker: bool = False
