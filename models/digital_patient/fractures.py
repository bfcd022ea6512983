"""How fractures and dents change a vertebral body."""

from collections.abc import Mapping

import numpy as np

from models.digital_patient.spine import Losses, Notch


def losses_of(
    rng: np.random.Generator, wedged: Mapping[str, float], biconcave: Mapping[str, float], crushed: Mapping[str, float]
) -> dict[str, Losses]:
    """By level what a wedge (in front), a biconcave (in the middle) or a crush fracture (everywhere) took."""
    upper, even = float(rng.uniform(0.6, 0.95)), float(rng.uniform(0.4, 0.6))
    return {
        **{level: Losses(share, 0.75 * share, 0.06 * share, upper) for level, share in wedged.items()},
        **{level: Losses(0.2 * share, share, 0.12 * share, even) for level, share in biconcave.items()},
        **{level: Losses(share, share, 0.9 * share, upper) for level, share in crushed.items()},
    }


def draw_notches(rng: np.random.Generator, levels: tuple[str, ...]) -> dict[str, tuple[Notch, ...]]:
    """One or two dents for each level, in the rear half of an endplate as a rule."""
    return {level: tuple(_notch(rng) for _ in range(int(rng.integers(1, 3)))) for level in levels}


def _notch(rng: np.random.Generator) -> Notch:
    left, back = rng.uniform((-0.45, -0.35), (0.45, 0.5))
    return Notch(
        float(left), float(back), int(rng.choice((-1, 1))), float(rng.uniform(2.5, 6.5)), float(rng.uniform(3.5, 8.0))
    )
