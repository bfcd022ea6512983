"""Train both networks: `python -m models.vertebra_segmentation.train --data DIR --out DIR --minutes N`.

The same command continues a run that was stopped. Each network has a thread of its own, so that the two
share the processor's cores. The seed fixes the order of crops.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from rich.console import Console

from models.vertebra_segmentation.crops import COARSE_CROPS, FINE_CROPS, RandomCrops
from models.vertebra_segmentation.curve import Curve
from models.vertebra_segmentation.export import export
from models.vertebra_segmentation.fetch import fetch_lidc
from models.vertebra_segmentation.labels import COARSE_CLASSES, FINE_CLASSES
from models.vertebra_segmentation.learner import Learner
from models.vertebra_segmentation.sources import LabelledScan, labelled_scans

COMMAND = "python -m models.vertebra_segmentation.train --data DIR --out DIR --minutes {minutes:g} --seed {seed}"
CHECKPOINT_SECONDS = 180.0
REPORT_SECONDS = 30.0

DECAY_FROM = 0.6
"""Share of the run after which the learning rate falls linearly to a twentieth."""


def rate_factor(progress: float) -> float:
    """Learning rate relative to its peak at a share of the run in [0, 1]."""
    if progress < DECAY_FROM:
        return 1.0
    return 1.0 - 0.95 * min(1.0, (progress - DECAY_FROM) / (1 - DECAY_FROM))


class StageRun:
    """The training of one network, and the checkpoint it continues from."""

    def __init__(self, stage: str, learner: Learner, out: Path, description: Mapping[str, object]) -> None:
        self.stage = stage
        self.learner = learner
        self.seconds = 0.0
        self._checkpoint = out / f"{stage}.pt"
        self._curve = Curve(out, stage)
        self._description = dict(description)
        if self._checkpoint.exists():
            state = torch.load(self._checkpoint, weights_only=True)
            self.seconds = state["seconds"]
            learner.restore(state)

    def save(self) -> None:
        """Write checkpoint and curve; an interrupted write leaves the previous checkpoint."""
        partial = self._checkpoint.with_suffix(".partial")
        torch.save({"seconds": self.seconds, "training": self._description, **self.learner.state()}, partial)
        partial.replace(self._checkpoint)
        self._curve.draw()

    def train(self, total_seconds: float, console: Console) -> None:
        """Learn until the time is used up, with a checkpoint and a point on the curve now and then."""
        losses: list[float] = []
        saved = reported = self.seconds
        while self.seconds < total_seconds:
            begin = time.monotonic()
            losses.append(self.learner.learn(rate_factor(self.seconds / total_seconds)))
            self.seconds += time.monotonic() - begin
            if self.seconds - reported > REPORT_SECONDS:
                mean = sum(losses) / len(losses)
                self._curve.add(self.learner.step, self.seconds, mean)
                console.print(f"{self.stage} step {self.learner.step} {self.seconds:.0f} s loss {mean:.3f}")
                losses.clear()
                reported = self.seconds
            if self.seconds - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = self.seconds
        self.save()


def stage_runs(scans: Sequence[LabelledScan], out: Path, seed: int, command: str) -> list[StageRun]:
    """Both networks, each with its own crops and seed."""
    description = {"sources": {scan.name: scan.licence for scan in scans}, "seed": seed, "command": command}
    learners = {
        "coarse": Learner(COARSE_CLASSES, RandomCrops(COARSE_CROPS, scans, coarse=True), seed),
        "fine": Learner(FINE_CLASSES, RandomCrops(FINE_CROPS, scans, coarse=False), seed + 1),
    }
    return [StageRun(stage, learner, out, description) for stage, learner in learners.items()]


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the labelled sources; LIDC is fetched")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, curves and weights")
    parser.add_argument("--minutes", type=float, required=True, help="training time of each network over all runs")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1, help="threads of each network")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    console = Console()
    fetch_lidc(options.data)
    scans = list(labelled_scans(options.data))
    command = COMMAND.format(minutes=options.minutes, seed=options.seed)
    console.print(f"training on {', '.join(scan.name for scan in scans)}")
    with ThreadPoolExecutor(max_workers=2) as pool:
        runs = stage_runs(scans, options.out, options.seed, command)
        for finished in [pool.submit(run.train, options.minutes * 60, console) for run in runs]:
            finished.result()
    export(options.out, options.out / "weights", "0.0.0")
    console.print(f"weights in {options.out / 'weights'}")


if __name__ == "__main__":
    main()
