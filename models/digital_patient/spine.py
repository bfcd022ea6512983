"""The column: sizes of the vertebrae by level, and the curve on which they stand.

Mean sizes: Panjabi et al. 1991 (thoracic) and 1992 (lumbar), cadavers; `GROWTH` brings them to the
heights of living patients on CT (L1 body 23-32 mm, width 39-59 mm, depth 29-42 mm). Tilts: a supine
column with thoracic kyphosis and lumbar lordosis of about 40 degrees each, scaled per patient.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.digital_patient.grid import Floats
from models.digital_patient.numbering import Variant
from models.digital_patient.structures import LEVELS

GROWTH = 1.13
HEIGHT_MM = (12, 12.6, 13.4, 14.1, 15.6, 15.7, 16.2, 16.6, 17.4, 18.2, 18.7, 19.3, 20.2, 21.3, 22.7, 23.8, 24.3,
             24.6, 24.9, 25.2, 25.0)  # fmt: skip
WIDTH_MM = (18, 20, 22.5, 24.5, 24.9, 24.6, 24.5, 24.9, 26.2, 27.8, 29.5, 30.6, 31.9, 34.9, 39.0, 41.2, 42.6, 44.1,
            46.6, 47.3, 48.0)  # fmt: skip
DEPTH_MM = (15.5, 16, 17, 18.5, 19.6, 22.7, 23.3, 24.3, 26.0, 27.4, 27.9, 29.3, 30.5, 31.9, 32.8, 34.1, 34.6, 35.2,
            35.5, 34.7, 34.0)  # fmt: skip
ANTERIOR_EXTRA_MM = (0, 0, 0, -0.4, -0.6, -0.8, -1.0, -1.1, -1.2, -1.2, -1.1, -0.9, -0.9, -1.2, -1.6, -1.3, -0.6, 0.3,
                     1.3, 4.0, 4.0)  # fmt: skip
"""How much higher a body is in front than behind."""
DISC_MM = (5, 5, 4.5, 3.8, 3.6, 3.6, 3.7, 3.9, 4.2, 4.4, 4.7, 5.0, 5.4, 5.8, 6.4, 7.6, 8.8, 9.8, 10.4, 9.8, 9.0)
"""Disc below each level."""
CANAL_WIDTH_MM = (24, 24, 23.5, 21.8, 19.5, 18.0, 17.0, 17.1, 17.3, 17.3, 17.7, 17.9, 18.2, 19.4, 22.2, 23.7, 23.8,
                  24.3, 25.4, 27.1, 28.0)  # fmt: skip
CANAL_DEPTH_MM = (15, 15, 15.5, 16.4, 15.7, 15.9, 15.9, 15.8, 15.8, 15.8, 15.8, 15.8, 16, 16.8, 18.1, 19.0, 18.2,
                  17.5, 18.6, 19.7, 19.0)  # fmt: skip
TILT_DEG = (-8, -15, -22, -25, -21, -17, -13, -9, -4, 0, 5, 10, 13, 15, 15)
"""Lean of the upward axis towards posterior, to T12."""
LUMBAR_TILT_DEG = (13, 8, 0, -10, -22)
"""The same from the first lumbar vertebra to the last, however many there are."""
SACRUM_TILT_DEG = -36.0
JOINED_DISC_SHARE = 0.35
"""Of its usual height, the disc under a vertebra that is half sacral."""


@dataclass(frozen=True, slots=True)
class Notch:
    """A dent in an endplate, filled by disc."""

    left: float
    back: float
    """Where, in units of half the width and half the depth."""
    end: int
    """+1 the upper endplate, -1 the lower."""
    deep_mm: float
    radius_mm: float


@dataclass(frozen=True, slots=True)
class Vertebra:
    """One vertebra in LPS mm: where it stands and how large its body is."""

    level: str
    centre_lps_mm: tuple[float, float, float]
    axes: tuple[tuple[float, float, float], ...]
    """Unit vectors to its left, its back and its top."""
    height_mm: float
    width_mm: float
    depth_mm: float
    disc_below_mm: float
    canal_width_mm: float
    canal_depth_mm: float
    disc_above_mm: float = 4.0
    anterior_extra_mm: float = 0.0
    anterior_loss: float = 0.0
    """Shares of the height that a fracture took in front, in the middle and behind."""
    middle_loss: float = 0.0
    posterior_loss: float = 0.0
    upper_share: float = 0.8
    """Of the loss, what the upper endplate sank."""
    concave_mm: float = 1.4
    """How much lower the middle of an endplate is than its rim."""
    waist: float = 0.09
    shell_mm: float = 0.4
    endplate_mm: float = 0.5
    sclerosis: tuple[float, float] = (0.0, 0.0)
    """Of the upper and the lower endplate, 0 to 1."""
    notches: tuple[Notch, ...] = ()
    joined: bool = False
    """Whether broad transverse processes join it to the sacrum."""
    like: str = ""
    """The level whose transverse processes it has, where not its own: a T12 without ribs looks like L1."""

    @property
    def centre(self) -> Floats:
        """Centre of the body, as it was before a fracture."""
        return np.array(self.centre_lps_mm)

    @property
    def heights_mm(self) -> tuple[float, float, float]:
        """Anterior, middle, posterior."""
        extra, losses = self.anterior_extra_mm / 2, (self.anterior_loss, self.middle_loss, self.posterior_loss)
        whole = (self.height_mm + extra, self.height_mm - 2 * self.concave_mm, self.height_mm - extra)
        front, middle, behind = (height - loss * self.height_mm for height, loss in zip(whole, losses, strict=True))
        return front, middle, behind

    @property
    def mean_loss_mm(self) -> float:
        """Height that a fracture took, on average."""
        return self.height_mm * (self.anterior_loss + self.posterior_loss + self.middle_loss) / 3

    @property
    def present_centre(self) -> Floats:
        """Centre of the body as it is."""
        return self.point(0, 0, self.mean_loss_mm * (0.5 - self.upper_share))

    def point(self, left: float, back: float, up: float) -> Floats:
        """LPS mm of a place given in the vertebra's own frame."""
        place: Floats = self.centre + np.array([left, back, up]) @ np.array(self.axes)
        return place

    def canal_centre(self, up: float = 0.0) -> Floats:
        """Middle of the spinal canal behind the body."""
        return self.point(0, self.depth_mm / 2 + self.canal_depth_mm / 2 - 1, up)


@dataclass(frozen=True, slots=True)
class Losses:
    """Shares of the height that a fracture took."""

    anterior: float = 0.0
    middle: float = 0.0
    posterior: float = 0.0
    upper_share: float = 0.8


@dataclass(frozen=True, slots=True)
class SpineShape:
    """Posture and size of one column."""

    size: float = 1.0
    kyphosis: float = 1.0
    lordosis: float = 1.0
    scoliosis_deg: float = 0.0
    scoliosis_phase: float = 0.0
    sizes_jitter: tuple[float, ...] = (1.0,) * len(LEVELS)
    variant: Variant = field(default_factory=Variant)
    fractures: Mapping[str, Losses] = field(default_factory=dict)
    narrowed: Mapping[str, float] = field(default_factory=dict)
    """Level to share of the height that the disc below it lost."""
    notches: Mapping[str, tuple[Notch, ...]] = field(default_factory=dict)
    shell: float = 1.0
    """Thickness of compact bone, relative."""
    concave_mm: float = 1.4
    waist: float = 0.09


def stand(shape: SpineShape) -> tuple[Vertebra, ...]:
    """Pile the vertebrae up from the sacrum, then put the origin at the centre of L1."""
    levels = shape.variant.levels
    tilts = _tilts(shape, levels)
    swing = 2 * np.pi * np.arange(len(levels)) / 13 + shape.scoliosis_phase
    leans, twists = shape.scoliosis_deg * np.sin(swing), 0.6 * shape.scoliosis_deg * np.cos(swing)
    place = np.zeros(3)
    found: list[Vertebra] = []
    for index in reversed(range(len(levels))):
        axes = _axes(tilts[index], float(leans[index]), float(twists[index]))
        one = _sized(shape, levels, index)
        place = place + axes[2] * (one.disc_below_mm + one.height_mm / 2 - one.mean_loss_mm * (1 - one.upper_share))
        found.append(replace(one, centre_lps_mm=_triple(place), axes=tuple(_triple(axis) for axis in axes)))
        place = place + axes[2] * (one.height_mm / 2 - one.mean_loss_mm * one.upper_share)
    return _centred(found[::-1])


def _sized(shape: SpineShape, levels: Sequence[str], index: int) -> Vertebra:
    level, jitter, size = levels[index], shape.sizes_jitter[index], shape.size * GROWTH
    joined = shape.variant.is_transitional and index == len(levels) - 1
    discs = np.array(DISC_MM[: len(levels)]) * size
    discs *= 1 - np.array([shape.narrowed.get(each, 0.0) for each in levels])
    if joined:
        discs[-1] *= JOINED_DISC_SHARE
    loss = shape.fractures.get(level, Losses())
    ends = (shape.narrowed.get(levels[index - 1], 0.0) if index else 0.0, shape.narrowed.get(level, 0.0))
    return Vertebra(
        level,
        (0.0, 0.0, 0.0),
        (),
        height_mm=HEIGHT_MM[index] * size * (1 + (jitter - 1) * 0.3),
        width_mm=WIDTH_MM[index] * size * jitter,
        depth_mm=DEPTH_MM[index] * size * jitter,
        disc_below_mm=float(discs[index]),
        canal_width_mm=CANAL_WIDTH_MM[index] * shape.size,
        canal_depth_mm=CANAL_DEPTH_MM[index] * shape.size,
        disc_above_mm=float(discs[index - 1]) if index else 4.0,
        anterior_extra_mm=ANTERIOR_EXTRA_MM[index] * (0.3 if joined else 1.0),
        anterior_loss=loss.anterior,
        middle_loss=loss.middle,
        posterior_loss=loss.posterior,
        upper_share=loss.upper_share,
        concave_mm=shape.concave_mm * (0.6 if joined else 1.0),
        waist=shape.waist * (0.5 if joined else 1.0),
        shell_mm=0.4 * shape.shell,
        endplate_mm=0.5 * shape.shell,
        sclerosis=(min(1.6 * ends[0], 1.0), min(1.6 * ends[1], 1.0)),
        notches=shape.notches.get(level, ()),
        joined=joined,
        like=shape.variant.like(level),
    )


def _tilts(shape: SpineShape, levels: Sequence[str]) -> Sequence[float]:
    """Angles by level: kyphosis scales down to T12, lordosis from L1, blended; a wedge bends the column around it."""
    lumbar = len(levels) - len(TILT_DEG)
    below = np.interp(np.linspace(0, 4, lumbar), range(5), LUMBAR_TILT_DEG)
    factor = np.array([shape.kyphosis] * len(TILT_DEG) + [shape.lordosis] * lumbar)
    factor = np.convolve(np.pad(factor, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    tilts = np.array([*TILT_DEG, *below]) * factor
    steps = np.arange(len(levels))
    for level, loss in shape.fractures.items():
        if level in levels:
            off = steps - levels.index(level)
            bend = 30.0 * (loss.anterior - loss.posterior)
            tilts = tilts + np.sign(off) * bend * 0.5 * np.exp(-np.abs(off) / 3.0)
    return [float(a) for a in tilts]


def _axes(tilt_deg: float, lean_deg: float, twist_deg: float) -> Floats:
    tilt, lean, twist = np.radians((tilt_deg, lean_deg, twist_deg))
    up = np.array([np.sin(lean) * np.cos(tilt), np.sin(tilt), np.cos(lean) * np.cos(tilt)])
    left = np.array([np.cos(lean), 0, -np.sin(lean)])
    back = np.cross(up, left)
    turned = np.cos(twist) * left + np.sin(twist) * back
    return np.array([turned, np.cross(up, turned), up])


def _centred(vertebrae: Sequence[Vertebra]) -> tuple[Vertebra, ...]:
    origin = next(each for each in vertebrae if each.level == "L1").centre
    return tuple(replace(each, centre_lps_mm=_triple(each.centre - origin)) for each in vertebrae)


def _triple(place: Floats) -> tuple[float, float, float]:
    return float(place[0]), float(place[1]), float(place[2])
