"""Two hundred simulated patients in several processes, one line of JSON for each as soon as it is there.

A run that was stopped goes on where it stopped. The file is named after the weights and after the code that
makes and measures the patients, so that a line is never mixed with those of another version.
"""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.progress import track

import cds
import models
from cds.inference.segmenter import NetworkSegmenter
from tests.benchmarks.case_lines import append_line, code_digest, read_lines
from tests.benchmarks.segmentation import patients
from tests.benchmarks.segmentation.patients import FIRST_SEED
from tests.benchmarks.segmentation.weights_under_test import WeightsUnderTest

CODE = ("digital_patient", "hu_calibration", "vertebra_segmentation")
_segmenter: NetworkSegmenter


@dataclass(frozen=True, slots=True)
class Cohort:
    """How many patients, where their lines are kept, and how to make them."""

    count: int
    work: Path
    processes: int = 2
    pixel_mm: float | None = None


def evaluate(weights: WeightsUnderTest, cohort: Cohort) -> dict[str, Any]:
    """Every patient of the cohort; those that are in the work folder already are not made again."""
    file = _file(weights, cohort)
    file.parent.mkdir(parents=True, exist_ok=True)
    known = {line["seed"]: line for line in read_lines(file)}
    seeds = range(FIRST_SEED, FIRST_SEED + cohort.count)
    missing = [seed for seed in seeds if seed not in known]
    for line in track(_made(missing, weights, cohort), "simulated patients", total=len(missing)):
        append_line(file, line)
        known[line["seed"]] = line
    return {
        "weights": weights.as_record(),
        "seeds": [seeds.start, seeds.stop - 1],
        "pixel_mm": cohort.pixel_mm or "as drawn",
        "patients": [known[seed] for seed in seeds],
    }


def _made(seeds: Sequence[int], weights: WeightsUnderTest, cohort: Cohort) -> Iterator[dict[str, Any]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        cohort.processes, mp_context=context, initializer=_load, initargs=(weights.folder,)
    ) as pool:
        for done in as_completed([pool.submit(_record, seed, cohort.pixel_mm) for seed in seeds]):
            yield done.result()


def _load(folder: Path) -> None:
    """Once per process: the networks, on one thread."""
    global _segmenter  # noqa: PLW0603 - what a worker process keeps between its patients
    torch.set_num_threads(1)
    _segmenter = NetworkSegmenter.load(folder, device="cpu", threads=1)


def _record(seed: int, pixel_mm: float | None) -> dict[str, Any]:
    return patients.record(seed, _segmenter, pixel_mm)


def _file(weights: WeightsUnderTest, cohort: Cohort) -> Path:
    pixels = "" if cohort.pixel_mm is None else f"-{cohort.pixel_mm:g}mm"
    return cohort.work / f"simulated-{weights.sha256[:12]}-{code_digest(_code())[:8]}{pixels}.jsonl"


def _code() -> list[Path]:
    """What makes patients and measures them."""
    model_root, product = Path(models.__file__).parent, Path(cds.__file__).parent
    return [*(model_root / name for name in CODE), product / "bone", product / "inference", Path(__file__).parent]
