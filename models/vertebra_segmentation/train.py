"""Train both networks: `python -m models.vertebra_segmentation.train --data DIR --out DIR --minutes N`.

The same command continues a run that was stopped. The seed fixes the order of crops; on one machine
with one number of threads a run without interruption repeats.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from models.vertebra_segmentation.crops import COARSE_CROPS, FINE_CROPS, RandomCrops
from models.vertebra_segmentation.curve import Curve
from models.vertebra_segmentation.labels import COARSE_CLASSES, FINE_CLASSES
from models.vertebra_segmentation.learner import Learner
from models.vertebra_segmentation.sources import labelled_scans

CHECKPOINT_SECONDS = 240.0
REPORT_SECONDS = 20.0
COARSE_SHARE = 0.55
"""Share of the time that the coarse network gets."""

DECAY_FROM = 0.6
"""Share of the run after which the learning rate falls linearly to a twentieth."""


def rate_factor(progress: float) -> float:
    """Learning rate relative to its peak at a share of the run in [0, 1]."""
    if progress < DECAY_FROM:
        return 1.0
    return 1.0 - 0.95 * min(1.0, (progress - DECAY_FROM) / (1 - DECAY_FROM))


class Run:
    """Two learners that share one clock, and the checkpoint they continue from."""

    def __init__(self, out: Path, data: Path, seed: int) -> None:
        self.checkpoint = out / "checkpoint.pt"
        self.curve = Curve(out)
        scans = list(labelled_scans(data))
        self.sources = [scan.name for scan in scans]
        self.learners = {
            "coarse": Learner(COARSE_CLASSES, RandomCrops(COARSE_CROPS, scans, coarse=True), seed),
            "fine": Learner(FINE_CLASSES, RandomCrops(FINE_CROPS, scans, coarse=False), seed + 1),
        }
        self.seconds = dict.fromkeys(self.learners, 0.0)
        if self.checkpoint.exists():
            self._restore(torch.load(self.checkpoint, weights_only=True))

    def _restore(self, state: dict[str, Any]) -> None:
        self.seconds = state["seconds"]
        for name, learner in self.learners.items():
            learner.restore(state[name])

    def save(self) -> None:
        """Write the checkpoint; an interrupted write leaves the previous one."""
        state = {name: learner.state() for name, learner in self.learners.items()}
        partial = self.checkpoint.with_suffix(".partial")
        torch.save({"seconds": self.seconds, **state}, partial)
        partial.replace(self.checkpoint)

    def advance(self, total_seconds: float) -> tuple[str, float]:
        """One step of the network that is behind its share of the time."""
        behind = self.seconds["coarse"] / COARSE_SHARE <= self.seconds["fine"] / (1 - COARSE_SHARE)
        name = "coarse" if behind else "fine"
        begin = time.monotonic()
        loss = self.learners[name].learn(rate_factor(sum(self.seconds.values()) / total_seconds))
        self.seconds[name] += time.monotonic() - begin
        return name, loss


def train(run: Run, total_seconds: float, console: Console) -> None:
    """Run until the time is used up, with a checkpoint and a point on the curve now and then."""
    saved = reported = time.monotonic()
    losses: dict[str, list[float]] = {name: [] for name in run.learners}
    while sum(run.seconds.values()) < total_seconds:
        name, loss = run.advance(total_seconds)
        losses[name].append(loss)
        now = time.monotonic()
        if now - reported > REPORT_SECONDS and all(losses.values()):
            for stage, values in losses.items():
                mean = sum(values) / len(values)
                run.curve.add(stage, run.learners[stage].step, run.seconds[stage], mean)
                console.print(f"{stage} step {run.learners[stage].step} {run.seconds[stage]:.0f} s loss {mean:.3f}")
                values.clear()
            reported = now
        if now - saved > CHECKPOINT_SECONDS:
            run.save()
            run.curve.draw()
            saved = now
    run.save()
    run.curve.draw()


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with the labelled sources")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint and curve")
    parser.add_argument("--minutes", type=float, required=True, help="training time in total, over all runs")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    console = Console()
    run = Run(options.out, options.data, options.seed)
    console.print(f"training on {', '.join(run.sources)}")
    train(run, options.minutes * 60, console)


if __name__ == "__main__":
    main()
