"""Bodies of a label map measured as the parametric ones are: centre, axes and size; and their fractures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.digital_patient.grid import Floats
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import LEVELS
from models.digital_patient.warp import Warp

STRIP_MM = 6.0
CANAL_MM = (22.0, 16.0)
"""Width and depth that are taken for granted: they only place screws."""
USUAL_DISC_MM = 6.0
FADE_MM = 12.0


def frames_of(bodies: Mapping[int, Floats]) -> tuple[Vertebra, ...]:
    """Vertebrae measured on the places (n, 3) of their bodies, by number; cranial to caudal."""
    numbers = sorted(bodies)
    centres = {number: bodies[number].mean(axis=0) for number in numbers}
    found = []
    for number in numbers:
        axes = _axes(centres[max(number - 1, numbers[0])] - centres[min(number + 1, numbers[-1])])
        left, back, up = np.abs((bodies[number] - centres[number]) @ axes.T).T
        middle = (left < STRIP_MM) & (back < STRIP_MM)
        found.append(
            Vertebra(
                level=LEVELS[number - 1],
                centre_lps_mm=_triple(centres[number]),
                axes=tuple(_triple(axis) for axis in axes),
                height_mm=2 * float(up[middle].max(initial=1.0)),
                width_mm=2 * float(np.percentile(left, 98)),
                depth_mm=2 * float(np.percentile(back, 98)),
                disc_below_mm=USUAL_DISC_MM,
                canal_width_mm=CANAL_MM[0],
                canal_depth_mm=CANAL_MM[1],
            )
        )
    return tuple(found)


def carried(vertebra: Vertebra, warp: Warp, column_mm: Floats) -> Vertebra:
    """The same vertebra in the warped body."""
    axes, sizes = np.array(vertebra.axes), np.array([vertebra.width_mm, vertebra.depth_mm, vertebra.height_mm])
    ends = vertebra.centre + np.concatenate([axes, -axes]) * np.tile(sizes, 2)[:, None] / 2
    ends = warp.new_points(ends, column_mm)
    spans = ends[:3] - ends[3:]
    lengths = np.linalg.norm(spans, axis=1)
    return replace(
        vertebra,
        centre_lps_mm=_triple(ends.mean(axis=0)),
        axes=tuple(_triple(axis) for axis in _axes(spans[2])),
        width_mm=float(lengths[0]),
        depth_mm=float(lengths[1]),
        height_mm=float(lengths[2]),
    )


def unfractured(places: NDArray[np.float32], fractured: Sequence[Vertebra]) -> None:
    """Lead places (3, ...) in a body with fractures back, in place, to where they were before.

    The upper endplate sinks, most in front; what lies above stretches down to it. Beside the body this fades out.
    """
    for vertebra in fractured:
        near = np.abs(places - vertebra.centre.astype(np.float32).reshape(3, 1, 1, 1)).max(axis=0)
        inside = near < max(vertebra.width_mm, vertebra.depth_mm) / 2 + vertebra.height_mm
        rise = _rise(vertebra, places[:, inside].T - vertebra.centre)
        places[:, inside] += np.outer(vertebra.axes[2], rise).astype(np.float32)


def _rise(vertebra: Vertebra, offsets: Floats) -> Floats:
    """How far above its new place each point (n, 3) was."""
    left, back, up = (offsets @ np.array(axis) for axis in vertebra.axes)
    half_width, half_depth, half = vertebra.width_mm / 2, vertebra.depth_mm / 2, vertebra.height_mm / 2
    across, along = left / half_width, np.clip(back / half_depth, -1, 1)
    front, dome = (1 - along) / 2, np.clip(1 - across**2 - along**2, 0, 1)
    even = vertebra.anterior_loss * front + vertebra.posterior_loss * (1 - front)
    loss = even + (vertebra.middle_loss - (vertebra.anterior_loss + vertebra.posterior_loss) / 2) * dome
    outside = np.maximum(np.abs(left) - half_width, np.abs(back) - half_depth)
    sunk = 2 * half * loss * np.clip(1 - outside / FADE_MM, 0, 1)
    knots_new = (-half, half - sunk, half + vertebra.disc_below_mm)
    rise_below = sunk * (up - knots_new[0]) / (knots_new[1] - knots_new[0])
    rise_above = sunk * (knots_new[2] - up) / (knots_new[2] - knots_new[1])
    rise: Floats = np.clip(np.minimum(rise_below, rise_above), 0, None)
    return rise


def _axes(upwards: Floats) -> Floats:
    """Rows: left, back and up of a vertebra that does not turn about its axis."""
    up = upwards / max(float(np.linalg.norm(upwards)), 1e-9) if np.any(upwards) else np.array([0.0, 0.0, 1.0])
    left = np.array([1.0, 0.0, 0.0]) - up[0] * up
    left /= np.linalg.norm(left)
    return np.array([left, np.cross(up, left), up])


def _triple(place: Floats) -> tuple[float, float, float]:
    return float(place[0]), float(place[1]), float(place[2])
