"""What patients have, and how often: fractures, lesions, hardware and what may be seen beside the spine."""

from typing import Final, get_args

import numpy as np

from models.digital_patient.findings import LungState, SoftFindings
from models.digital_patient.grid import Floats
from models.digital_patient.protocol import pick
from models.digital_patient.structures import LEVELS
from models.digital_patient.trabecular import Lesion, LesionKind

FREQUENCY: Final = {
    "fractures": 0.12,
    "rods and screws": 0.04,
    "cement": 0.03,
    "Schmorl nodes": 0.1,
    "bridges in front": 0.05,
    "lesions": 0.06,
    "eleven pairs of ribs": 0.01,
    "thirteen pairs of ribs": 0.015,
    "rudimentary last ribs": 0.02,
    "one last rib missing": 0.01,
    "four lumbar vertebrae": 0.01,
    "sacralised": 0.025,
    "lumbarised": 0.015,
    "six lumbar vertebrae": 0.015,
    "severe obesity": 0.06,
    "density chosen evenly from 20 to 220": 0.35,
    "arms down": 0.12,
    "no table in the picture": 0.1,
    "marked kyphosis": 0.07,
    "marked scoliosis": 0.06,
    "turned on the table": 0.7,
    "sunken sternum": 0.02,
    "barrel chest": 0.06,
    "large heart": 0.1,
    "emphysema": 0.08,
    "fibrosis": 0.03,
    "pleural effusion": 0.07,
    "ascites": 0.03,
    "hiatus hernia": 0.05,
    "oral contrast": 0.1,
    "pacemaker": 0.025,
}
"""Share of the patients."""
FRACTURE_WEIGHT: Final = {"T5": 1, "T6": 2, "T7": 4, "T8": 4, "T9": 2, "T10": 1, "T11": 3, "T12": 6, "L1": 7, "L2": 4,
                          "L3": 3, "L4": 2, "L5": 1}  # fmt: skip
"""Two peaks, at T7-T8 and at T12-L1."""


def happens(rng: np.random.Generator, what: str) -> bool:
    """Whether something of the table is so; always one draw."""
    return bool(rng.random() < FREQUENCY[what])


def draw_fractures(rng: np.random.Generator) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Wedge, biconcave and crush fractures: one to three in all."""
    count = int(rng.choice((1, 2, 3), p=(0.6, 0.27, 0.13)))
    weights = np.array(list(FRACTURE_WEIGHT.values()), float)
    levels = rng.choice(list(FRACTURE_WEIGHT), count, replace=False, p=weights / weights.sum())
    kinds, losses = rng.choice(3, count, p=(0.5, 0.3, 0.2)), rng.uniform(0.15, 0.5, count)
    found: tuple[dict[str, float], ...] = ({}, {}, {})
    if happens(rng, "fractures"):
        for level, kind, loss in zip(levels, kinds, losses, strict=True):
            found[int(kind)][str(level)] = float(loss)
    return found[0], found[1], found[2]


def run_of_levels(rng: np.random.Generator, what: str, highest: str, counts: tuple[int, int]) -> tuple[str, ...]:
    """Neighbouring levels from some level on, if the patient has any."""
    count, top = int(rng.integers(*counts)), int(rng.integers(LEVELS.index(highest), LEVELS.index("L4")))
    return LEVELS[top : top + count] if happens(rng, what) else ()


def some_levels(rng: np.random.Generator, what: str, highest: str, most: int) -> tuple[str, ...]:
    """Any levels below the highest, if the patient has any."""
    candidates = LEVELS[LEVELS.index(highest) : LEVELS.index("L5") + 1]
    levels = rng.choice(candidates, int(rng.integers(1, most + 1)), replace=False)
    return tuple(str(each) for each in levels) if happens(rng, what) else ()


def draw_lesions(rng: np.random.Generator) -> dict[str, tuple[Lesion, ...]]:
    """A few foci of one kind; metastases in several bodies, haemangiomas and bone islands in one or two."""
    kind: LesionKind = pick(rng, (("lytic", 0.25), ("sclerotic", 0.3), ("haemangioma", 0.3), ("island", 0.15)))
    bodies = int(rng.integers(1, 6 if kind in ("lytic", "sclerotic") else 3))
    levels = rng.choice(LEVELS[LEVELS.index("T4") : LEVELS.index("L5") + 1], bodies, replace=False)
    found: dict[str, tuple[Lesion, ...]] = {str(level): (_lesion(rng, kind),) for level in levels}
    return found if happens(rng, "lesions") else {}


def _lesion(rng: np.random.Generator, kind: LesionKind) -> Lesion:
    left, back, up = (float(each) for each in rng.uniform(-0.6, 0.6, 3))
    radius = {"lytic": (5, 13), "sclerotic": (4, 16), "haemangioma": (6, 14), "island": (2, 4.5)}[kind]
    density = {"lytic": (0, 1), "sclerotic": (200, 600), "haemangioma": (180, 350), "island": (500, 900)}[kind]
    return Lesion(kind, (left, back, up), float(rng.uniform(*radius)), float(rng.uniform(*density)))


def draw_soft(rng: np.random.Generator) -> SoftFindings:
    """What may be seen in the soft tissue."""
    heart, gas = float(rng.uniform(1.12, 1.35)), float(np.exp(rng.normal(0, 0.5)))
    depths, both = rng.uniform(15, 90, 2), rng.random()
    effusion = pair(depths * ((1, 1) if both < 0.5 else (1, 0) if both < 0.8 else (0, 1)))
    states: tuple[tuple[LungState, float], ...] = tuple(
        (state, FREQUENCY[state]) for state in get_args(LungState) if state != "usual"
    )
    return SoftFindings(
        heart=heart if happens(rng, "large heart") else 1.0,
        lung=pick(rng, (*states, ("usual", 1 - sum(share for _, share in states)))),
        effusion_mm=effusion if happens(rng, "pleural effusion") else (0.0, 0.0),
        ascites=happens(rng, "ascites"),
        hiatus_hernia=happens(rng, "hiatus hernia"),
        gas=float(np.clip(gas, 0.3, 2.0)),
        oral_contrast=happens(rng, "oral contrast"),
        pacemaker=happens(rng, "pacemaker"),
    )


def pair(values: Floats) -> tuple[float, float]:
    """Two plain numbers."""
    return float(values[0]), float(values[1])
