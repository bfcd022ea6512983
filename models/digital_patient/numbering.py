"""Who has how many vertebrae and ribs: the variants at both ends of the lumbar column, and the names.

Names count from the top as a radiologist with the whole spine in view does: seven cervical, twelve
thoracic, then lumbar ones. The twentieth vertebra is L1 whether it carries ribs or not, T12 is T12
without them, the twenty-fifth is L6 if it is free or half free, and an L5 that is wholly part of the
sacrum is sacrum.
"""

from dataclasses import dataclass
from typing import Literal

from models.digital_patient.structures import LEVELS

Lumbosacral = Literal["usual", "four", "sacralised", "lumbarised", "six"]
"""Usual: five free. Four: L5 is sacrum. Sacralised: L5 joined to the sacrum by broad transverse processes over a
low disc. Lumbarised: L6, the first sacral segment, joined in the same way. Six: L6 is free."""
LowestRibs = Literal["usual", "rudimentary", "one-sided"]
"""Of the last pair: as long as usual, a few centimetres, or one of them missing."""

LUMBAR_LIKE: dict[Lumbosacral, int] = {"usual": 5, "four": 4, "sacralised": 5, "lumbarised": 6, "six": 6}


@dataclass(frozen=True, slots=True)
class Variant:
    """How one skeleton is numbered."""

    rib_pairs: Literal[11, 12, 13] = 12
    lowest_ribs: LowestRibs = "usual"
    lumbosacral: Lumbosacral = "usual"

    @property
    def is_usual(self) -> bool:
        """Twelve pairs of long ribs and five free lumbar vertebrae."""
        return self == Variant()

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the vertebrae above the sacrum, cranial to caudal."""
        last = f"L{LUMBAR_LIKE[self.lumbosacral]}"
        return LEVELS[: LEVELS.index(last) + 1]

    def like(self, level: str) -> str:
        """The level whose transverse processes it has: without ribs those of T12 are lumbar, with ribs L1's are not."""
        return {(11, "T12"): "L1", (13, "L1"): "T12"}.get((self.rib_pairs, level), level)

    @property
    def is_transitional(self) -> bool:
        """Whether the last vertebra is half sacral."""
        return self.lumbosacral in ("sacralised", "lumbarised")
