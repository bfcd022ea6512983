"""How uneven spongy bone is inside one body, as mg/cm3 above or below what the truth says of that body.

The truth of a vertebra is the mean over its standard core: at least 5 mm under the walls and the
endplates, the middle half of the height, the front two thirds of the depth. Whatever is natural
(strands, slopes, denser bone near the shell, worn endplates, the basivertebral vein) is shifted so
that this mean is kept. Lesions come on top and are not counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.digital_patient.spine import Vertebra
    from models.digital_patient.unevenness import Field

Picture = NDArray[np.float32]
LesionKind = Literal["lytic", "sclerotic", "haemangioma", "island"]

CORE_DEPTH_MM = 5.0
LATTICE_MM = 2.0
LEAST_SCALE_MG_CM3 = 40.0
"""Osteoporotic bone is still this uneven."""
NEAR_SHELL_MM, WORN_REACH_MM = 1.7, 2.6
WORN_MG_CM3 = 260.0
FLESH_MG_CM3 = 35.0
"""What a tumour without bone reads as."""
MARROW_FAT_MG_CM3 = -55.0


@dataclass(frozen=True, slots=True)
class Lesion:
    """A focus in a body; places in units of half the width, depth and height."""

    kind: LesionKind
    place: tuple[float, float, float]
    radius_mm: float
    mg_cm3: float
    """Mineral of a sclerotic one, or of the columns in a haemangioma."""


@dataclass(frozen=True, slots=True)
class Spongiosa:
    """How one body is uneven, in shares of its density where no unit is named."""

    endplate_mg_cm3: float = 0.0
    wall_mg_cm3: float = 0.0
    """How much denser bone is right under the shell."""
    grain: float = 0.0
    vein: float = 0.0
    slopes: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """From the middle to the left, the back and the top."""
    waist: float = 0.0
    """How much thinner bone is at mid-height."""
    lesions: tuple[Lesion, ...] = ()


def draw_spongiosa(rng: np.random.Generator, lesions: Sequence[Sequence[Lesion]]) -> tuple[Spongiosa, ...]:
    """One for each body: a patient's own unevenness, and how bodies differ around it."""
    endplate, wall, grain, vein = (
        float(each) for each in (rng.uniform(50, 200), rng.uniform(50, 200), rng.uniform(0.04, 0.16), rng.random())
    )
    back, up = rng.normal((0.08, 0.0), 0.05)
    found = []
    for own in lesions:
        factors, slopes = rng.uniform(0.75, 1.25, 4), rng.normal((0.0, back, up), 0.03)
        found.append(
            Spongiosa(
                endplate_mg_cm3=endplate * float(factors[0]),
                wall_mg_cm3=wall * float(factors[1]),
                grain=grain * float(factors[2]),
                vein=vein * float(factors[3]),
                slopes=(float(slopes[0]), float(slopes[1]), float(slopes[2])),
                waist=float(rng.uniform(0, 0.12)),
                lesions=tuple(own),
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Inside:
    """Points of one body."""

    xyz: tuple[Picture, Picture, Picture]
    """LPS mm."""
    left: Picture
    back: Picture
    up: Picture
    """Its own frame, mm."""
    wall: Picture
    upper: Picture
    lower: Picture
    """Depth under the wall and under both endplates, mm."""

    @property
    def in_core(self) -> NDArray[np.bool_]:
        """Points of the standard core, except for what lies behind its front two thirds."""
        height = self.lower / np.maximum(self.upper + self.lower, 1e-3)
        deep = np.minimum(self.wall, np.minimum(self.upper, self.lower)) >= CORE_DEPTH_MM
        core: NDArray[np.bool_] = deep & (np.abs(height - 0.5) < 0.25)
        return core

    def of(self, chosen: NDArray[np.bool_]) -> "Inside":
        """Some of these points."""
        x, y, z = (each[chosen] for each in self.xyz)
        own = (each[chosen] for each in (self.left, self.back, self.up, self.wall, self.upper, self.lower))
        return Inside((x, y, z), *own)


@dataclass(frozen=True, slots=True)
class UnevenBody:
    """One body with what makes its spongy bone uneven."""

    vertebra: "Vertebra"
    spongiosa: Spongiosa
    vbmd_mg_cm3: float
    grain: "Field | None"

    def mineral(self, inside: Inside, core: Inside) -> Picture:
        """mg/cm3 above or below the density of the body; lesions aside, 0 on average over its core."""
        shift = self.natural(core).mean() if len(core.left) else 0.0
        field = self.natural(inside) - np.float32(shift)
        for lesion in self.spongiosa.lesions:
            field = self._with(lesion, field, inside)
        return field

    def natural(self, inside: Inside) -> Picture:
        """Unevenness in mg/cm3 before it is shifted, without lesions."""
        own, vertebra = self.spongiosa, self.vertebra
        across = 2 * inside.left / vertebra.width_mm
        along = 2 * inside.back / vertebra.depth_mm
        high = 2 * inside.up / vertebra.height_mm
        near = own.endplate_mg_cm3 * (np.exp(-inside.upper / NEAR_SHELL_MM) + np.exp(-inside.lower / NEAR_SHELL_MM))
        near += own.wall_mg_cm3 * np.exp(-inside.wall / NEAR_SHELL_MM)
        share = sum(slope * place for slope, place in zip(own.slopes, (across, along, high), strict=True))
        share -= own.waist * (1 - high**2)
        if self.grain is not None:
            share += own.grain * self.grain.at(inside.xyz)
        behind = inside.back - 0.32 * vertebra.depth_mm
        share -= 0.8 * own.vein * np.exp(-((inside.left / 8) ** 2) - (behind / 6) ** 2 - (inside.up / 3) ** 2)
        worn = sum(
            wear * np.exp(-depth / WORN_REACH_MM)
            for wear, depth in zip(vertebra.sclerosis, (inside.upper, inside.lower), strict=True)
        )
        scale = np.float32(max(self.vbmd_mg_cm3, LEAST_SCALE_MG_CM3))
        field: Picture = scale * share + near + np.float32(WORN_MG_CM3) * worn
        return field

    def _with(self, lesion: Lesion, field: Picture, inside: Inside) -> Picture:
        """A lesion replaces what is there within its own uneven outline."""
        vertebra = self.vertebra
        sizes = (vertebra.width_mm / 2, vertebra.depth_mm / 2, vertebra.height_mm / 2)
        offsets = [
            place - centre * size
            for place, centre, size in zip((inside.left, inside.back, inside.up), lesion.place, sizes, strict=True)
        ]
        noise = np.zeros_like(field) if self.grain is None else self.grain.at(inside.xyz)
        radius = np.sqrt(sum(offset**2 for offset in offsets)) / lesion.radius_mm
        weight = np.clip((1 + 0.15 * noise - radius) * 4, 0, 1)
        mixed: Picture = field + weight * (self._inside_of(lesion, inside, noise) - self.vbmd_mg_cm3 - field)
        return mixed

    def _inside_of(self, lesion: Lesion, inside: Inside, noise: Picture) -> Picture | float:
        if lesion.kind == "lytic":
            return FLESH_MG_CM3
        if lesion.kind == "haemangioma":
            x, y, _ = inside.xyz
            columns = noise if self.grain is None else self.grain.at((x * 0.4, y * 0.4, np.zeros_like(x)))
            return np.where(columns > 0.7, np.float32(lesion.mg_cm3), np.float32(MARROW_FAT_MG_CM3))
        patchy: Picture = np.float32(lesion.mg_cm3) * (1 + 0.25 * noise)
        return patchy
