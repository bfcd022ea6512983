"""Fit how often names are right to the signs that speak for them, on digital patients that no network learned from.

`python -m models.vertebra_segmentation.calibrate_numbering --patients 150` writes the result into the weights'
`metadata.json`. Simulated patients are easier than real ones, so the confidence is an upper bound for real CT.
"""

import argparse
import json
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from scipy.optimize import minimize

from models.digital_patient.cohort import draw_request
from models.digital_patient.simulate import SimulatedScan, simulate
from models.vertebra_segmentation.confidence import NumberingCalibration, NumberingSigns
from models.vertebra_segmentation.labels import LEVELS
from models.vertebra_segmentation.segmenter import Segmenter, SpineLabels
from models.vertebra_segmentation.simulated import GRID_MM
from models.vertebra_segmentation.weights import METADATA_FILE, SHIPPED

FIRST_SEED = 400_000
"""Beyond the seeds of the training, before those of the benchmark."""

PRIOR = 0.05
"""Pull towards the values that stand without a fit, in units of one patient: few patients are wrong."""

SAME_BODY_MM = 15.0

Floats = NDArray[np.float64]


def fit(signs: Sequence[NumberingSigns], right: Sequence[bool]) -> dict[str, float]:
    """Slope, offset and the weight of disagreement by penalised maximum likelihood."""
    log_odds, disagreement = (
        np.array(each) for each in zip(*((s.log_odds, s.disagreement) for s in signs), strict=True)
    )
    outcome = np.where(right, 1.0, -1.0)
    start = np.array(astuple(NumberingCalibration()))

    def loss(parameters: Floats) -> float:
        slope, offset, weight = parameters
        penalty = PRIOR * float(((parameters - start) ** 2).sum())
        found = slope * log_odds + offset + weight * disagreement
        return float(np.logaddexp(0, -outcome * found).sum()) + penalty

    fitted = minimize(loss, start, bounds=((0.1, 3.0), (None, None), (None, 0.0))).x
    return {each.name: round(float(value), 3) for each, value in zip(fields(NumberingCalibration), fitted, strict=True)}


def all_right(scan: SimulatedScan, found: SpineLabels) -> bool:
    """Whether every body that was found has the name of the true body it lies in."""
    centres = {each.level: np.array(each.centre_lps_mm) for each in scan.truth.vertebrae}
    return all(
        body.level in centres and np.linalg.norm(centres[body.level] - body.centre_lps_mm) < SAME_BODY_MM
        for body in found.bodies
    )


_segmenter: Segmenter


def _load(weights: Path) -> None:
    global _segmenter  # noqa: PLW0603 - one segmenter for each process
    torch.set_num_threads(1)
    _segmenter = Segmenter.load(weights)


def _judged(seed: int) -> tuple[NumberingSigns | None, bool]:
    """The signs of one patient, and whether all names are right."""
    scan = simulate(seed, draw_request(seed, pixel_mm=GRID_MM))
    found = _segmenter.segment(scan.hu, scan.affine_lps, levels=LEVELS)
    return found.numbering, all_right(scan, found)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=SHIPPED)
    parser.add_argument("--patients", type=int, default=150)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    seeds = range(FIRST_SEED, FIRST_SEED + options.patients)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.processes, context, _load, (options.weights,)) as pool:
        judged = list(track(pool.map(_judged, seeds), "digital patients", len(seeds)))
    signs, right = zip(*((found, ok) for found, ok in judged if found is not None), strict=True)
    fitted: dict[str, float | str] = dict(fit(signs, right))
    fitted["fitted_on"] = f"{len(signs)} simulated scans with a spine, {len(right) - sum(right)} of them misnamed"
    path = options.weights / METADATA_FILE
    metadata = json.loads(path.read_text(encoding="utf-8")) | {"numbering_confidence": fitted}
    path.write_text(json.dumps(metadata, indent=1) + "\n", encoding="utf-8")
    Console().print(fitted)


if __name__ == "__main__":
    main()
