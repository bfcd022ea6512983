"""Whether the patient lies in the scan as its affine says.

The signs of the map (`anatomy_signs`) are read first. Where one of them speaks against the affine, fewer
than two for it, or no spine with a canal behind it is seen, the network looks at the scan turned: the
view in which it sees clearly more of a spine, or not much less and the signs the right way round, is how
the patient lies. A network that learned upright patients sees them best upright, whatever its weights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from models.vertebra_segmentation.anatomy_signs import AnatomySigns, anatomy_signs
from models.vertebra_segmentation.grid import Image, averaged
from models.vertebra_segmentation.spine_map import SPACING_MM, SpineMap

Turn = Literal["upside-down", "front-to-back", "sideways"]

LEAST_SPINE_ML: Final = 30.0
"""About one lumbar body; less is no spine."""

SUPPORTED_SHARE: Final = 0.5
SURELY_SUPPORTED_SHARE: Final = 0.85
"""Eight real and 16 simulated scans, upright: 0.87 to 1, a narrow crop 0.74. A patient turned twice: 0.64."""
SURE_SIGNS: Final = 2
"""Of levels, ribs and organs so many must say that the head is where it should be, or the network looks again."""

CLEARLY_MORE: Final = 1.5
NOT_MUCH_LESS: Final = 0.5
SIGNS_BETTER: Final = 2

LIVER_RIGHT_MM: Final = 32.0
"""A liver nearer to the midline asks for a look from the other side; 25 to 75 mm were seen of livers
in their place."""

LIVER_LEFT_MM: Final = 25.0
FURTHER_RIGHT_MM: Final = 10.0
"""By how much further right the mirror must show it."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How the patient lies against the affine; nothing where he lies as it says."""

    turns: tuple[Turn, ...] = ()
    is_mirrored: bool = False
    """The organs lie on the other side: situs inversus, or left and right exchanged."""


def orientation_of(scan: Image, claimed: SpineMap, look: Callable[[Image], SpineMap]) -> Orientation:
    """Judge a scan (canonical axes) by its map; `look` makes the map of another view where that is needed."""
    signs = anatomy_signs(claimed)
    if not (_is_doubtful(signs) or _is_liver_off(signs)):
        return Orientation()
    small = averaged(scan, SPACING_MM)
    turns = _turns(small, signs, look) if _is_doubtful(signs) else ()
    return Orientation(turns, is_mirrored=not turns and _is_liver_off(signs) and _is_mirrored(small, signs, look))


def _is_doubtful(signs: AnatomySigns) -> bool:
    """Too little of a spine with its canal behind, or head and feet not sure."""
    return not _is_supported(signs) or signs.against > 0 or signs.upright < SURE_SIGNS


def _is_supported(signs: AnatomySigns) -> bool:
    """The canal lies behind the spine, and that is enough for one."""
    return signs.supported_ml >= max(LEAST_SPINE_ML, SUPPORTED_SHARE * signs.spine_ml)


def _is_liver_off(signs: AnatomySigns) -> bool:
    return signs.liver_right_mm is not None and signs.liver_right_mm < LIVER_RIGHT_MM


def _turns(small: Image, claimed: AnatomySigns, look: Callable[[Image], SpineMap]) -> tuple[Turn, ...]:
    """The turn of the best view, where it is better than the claimed one.

    With the canal behind nearly all of the spine nothing but head and feet can be exchanged.
    """
    found: tuple[Turn, ...] = ()
    best = 0.0
    surely_supported = claimed.supported_ml >= SURELY_SUPPORTED_SHARE * claimed.spine_ml
    for turns, view in _views(small)[: 1 if surely_supported and _is_supported(claimed) else None]:
        signs = anatomy_signs(look(view))
        if _is_better(signs, claimed, heads_down="upside-down" in turns) and signs.supported_ml > best:
            found, best = turns, signs.supported_ml
    return found


def _is_better(signs: AnatomySigns, claimed: AnatomySigns, *, heads_down: bool) -> bool:
    """More of a spine, or not much less and better signs; where head and feet are exchanged, better signs at least."""
    gain = signs.supported_ml / max(claimed.supported_ml, 1.0)
    if signs.supported_ml < LEAST_SPINE_ML or signs.upright < 0:
        return False
    if heads_down and signs.upright <= claimed.upright:
        return False
    return gain >= CLEARLY_MORE or (gain >= NOT_MUCH_LESS and signs.upright - claimed.upright >= SIGNS_BETTER)


def _is_mirrored(small: Image, claimed: AnatomySigns, look: Callable[[Image], SpineMap]) -> bool:
    """The liver is clearly on the left, or the mirror shows it further right, and no less of the organs with a side."""
    here = claimed.liver_right_mm
    if here is None:
        return False
    if here < -LIVER_LEFT_MM:
        return True
    mirror = anatomy_signs(look(_flipped(small, 2)))
    there = mirror.liver_right_mm
    return there is not None and there - here >= FURTHER_RIGHT_MM and mirror.sided_ml >= claimed.sided_ml


def _views(small: Image) -> tuple[tuple[tuple[Turn, ...], Image], ...]:
    """The scan turned by half a turn about each axis of the patient, and by a quarter about the long one."""
    return (
        (("upside-down",), _flipped(small, 0, 2)),
        (("front-to-back",), _flipped(small, 1, 2)),
        (("upside-down", "front-to-back"), _flipped(small, 0, 1)),
        (("sideways",), _quarter_turned(small, 1)),
        (("sideways",), _quarter_turned(small, -1)),
    )


def _flipped(image: Image, *axes: int) -> Image:
    return Image(np.flip(image.values, axes), image.affine_lps)


def _quarter_turned(image: Image, turns: int) -> Image:
    """Turned about the slice axis; rows and columns exchange their spacing."""
    affine = image.affine_lps.copy()
    affine[:3, 1:3] *= image.spacing_mm[[2, 1]] / image.spacing_mm[[1, 2]]
    return Image(np.rot90(image.values, turns, axes=(1, 2)), affine)
