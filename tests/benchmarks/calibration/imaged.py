"""The cohort with images in several processes, one line of JSON a case; a stopped run goes on where it stopped.

The file is named after the weights and after the code that makes and measures the cases, so that a line is never mixed
with those of other weights or another version.
"""

import multiprocessing
from collections import Counter
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
from tests.benchmarks.calibration import side_by_side as together
from tests.benchmarks.calibration.answers import Answers
from tests.benchmarks.calibration.imaged_case import ImagedCase, as_line, from_line, measure_key
from tests.benchmarks.calibration.methods import THIS, methods_for
from tests.benchmarks.calibration.observation import ScannerState
from tests.benchmarks.case_lines import append_line, code_digest, read_lines
from tests.benchmarks.segmentation.figures import spread
from tests.benchmarks.segmentation.weights_under_test import WeightsUnderTest

CODE = ("digital_patient", "hu_calibration", "vertebra_segmentation")
OWN_CODE = ("imaged_case.py", "observation.py")
_segmenter: NetworkSegmenter


@dataclass(frozen=True, slots=True)
class Plan:
    """Where lines are kept and how to make them."""

    work: Path
    processes: int = 2
    pixel_mm: float | None = None


def measured_cohort(
    weights: WeightsUnderTest, state: ScannerState, natural: int, enriched: int, plan: Plan
) -> list[ImagedCase]:
    """Every case; those that the work folder has already are not made again.

    A case is named by its key and whether it was drawn below 80, so that a longer run takes over a shorter one's.
    """
    file = line_file(weights.sha256, state, plan)
    file.parent.mkdir(parents=True, exist_ok=True)
    found = [from_line(line) for line in read_lines(file)]
    known = {(each.case.key, each.case.enriched): each for each in found}
    wanted = [*((key, False) for key in range(natural)), *((key, True) for key in enriched_keys(enriched))]
    missing = [each for each in wanted if each not in known]
    for each in track(_made(missing, weights, state, plan), f"scanner {state}", total=len(missing)):
        append_line(file, as_line(each))
        known[each.case.key, each.case.enriched] = each
    return [known[each] for each in wanted]


def enriched_keys(count: int) -> range:
    """Keys apart from those of natural prevalence, whatever their number."""
    return range(10_000, 10_000 + count)


def line_file(weights_sha256: str, state: ScannerState, plan: Plan) -> Path:
    """Named after weights, code, scanner and pixels."""
    pixels = "" if plan.pixel_mm is None else f"-{plan.pixel_mm:g}mm"
    return plan.work / f"{state}-{weights_sha256[:12]}-{code_digest(_code())[:8]}{pixels}.jsonl"


def _code() -> list[Path]:
    """What makes cases and measures them."""
    model_root, product, own = Path(models.__file__).parent, Path(cds.__file__).parent, Path(__file__).parent
    folders = [*(model_root / name for name in CODE), product / "bone", product / "inference"]
    return folders + [own / name for name in OWN_CODE]


def _made(
    wanted: Sequence[tuple[int, bool]], weights: WeightsUnderTest, state: ScannerState, plan: Plan
) -> Iterator[ImagedCase]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(plan.processes, mp_context=context, initializer=_load, initargs=(weights.folder,)) as pool:
        jobs = [pool.submit(_measured, key, state, enriched, plan.pixel_mm) for key, enriched in wanted]
        for done in as_completed(jobs):
            yield done.result()


def _load(folder: Path) -> None:
    """Once per process: the networks, on one thread."""
    global _segmenter  # noqa: PLW0603 - what a worker process keeps between its cases
    torch.set_num_threads(1)
    _segmenter = NetworkSegmenter.load(folder, device="cpu", threads=1)


def _measured(key: int, state: ScannerState, enriched: bool, pixel_mm: float | None) -> ImagedCase:
    return measure_key(key, state, _segmenter, enriched=enriched, pixel_mm=pixel_mm)


def side_by_side(measured: Sequence[ImagedCase]) -> dict[str, Answers]:
    """The product's own answers, and the other methods on its readings."""
    others = together.side_by_side([each.case for each in measured], methods_for)
    own = Answers.of_rows([together.row_of(each.case, each.answer) for each in measured])
    return others | {THIS: own}


def told_of(measured: Sequence[ImagedCase]) -> dict[str, Any]:
    """Time a case, and how often each level set, refusal and flag was met."""
    used = [" ".join(level.level for level in each.case.observation.levels) or "none" for each in measured]
    return {
        "seconds": spread([each.seconds for each in measured]),
        "levels_used": dict(Counter(used).most_common()),
        "reasons": dict(
            Counter(code for each in measured if each.answer is None for code in each.reasons).most_common()
        ),
        "flags": dict(Counter(flag for each in measured for flag in each.flags).most_common()),
    }
