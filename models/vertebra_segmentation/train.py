"""Train both networks: `python -m models.vertebra_segmentation.train --data DIR --simulated DIR --out DIR --minutes N`.

The same command continues a run that was stopped. Each network has a process of its own, so that the two
share the processor's cores; with `--device cuda` they share the GPU. The seed fixes the order of crops.

`--only-simulated` learns from digital patients alone; `--start-from RUN` begins with the weights of such a run,
which also label the real scans that have no labels; `--leave-out NAME ...` keeps real scans out, for cross-validation.
"""

import argparse
import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console

from models.vertebra_segmentation import warped
from models.vertebra_segmentation.crops import COARSE_CROPS, FINE_CROPS, CropPlan, RandomCrops
from models.vertebra_segmentation.curve import Curve
from models.vertebra_segmentation.export import export
from models.vertebra_segmentation.fetch import fetch_lidc
from models.vertebra_segmentation.labels import COARSE_CLASSES, FINE_CLASSES
from models.vertebra_segmentation.learner import PEAK_RATE, Learner
from models.vertebra_segmentation.segmenter import Segmenter
from models.vertebra_segmentation.self_labelled import self_labelled_scans
from models.vertebra_segmentation.simulated import build, simulated_scans
from models.vertebra_segmentation.sources import LabelledScan, labelled_scans

CHECKPOINT_SECONDS = 180.0
REPORT_SECONDS = 30.0

DECAY_FROM = 0.5
"""Share of the run after which the learning rate falls linearly to a twentieth."""

CONTINUING_RATE = 1e-3
"""Peak learning rate of a run that starts from an earlier one's weights."""

SIMULATED_SHARE = {"coarse": 0.7, "fine": 0.4}
"""Of the crops, where real scans take part: names are learned from many people, outlines from real edges."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run is made of; its folder holds checkpoints, curves and weights."""

    data: Path
    out: Path
    simulated: Path
    patients: int
    warped_each: int
    seconds: float
    seed: int
    left_out: tuple[str, ...] = ()
    only_simulated: bool = False
    start_from: Path | None = None
    device: str = "cpu"
    threads: int = 1

    @property
    def warped(self) -> Path:
        """Folder of the real anatomies' other bodies."""
        return self.simulated / "warped"

    def scans(self) -> Iterator[LabelledScan]:
        """Digital patients, and the real scans that are not left out."""
        yield from simulated_scans(self.simulated, self.patients)
        if not self.only_simulated:
            yield from warped.warped_scans(self.warped, self.warped_each, self.left_out)
        yield from (scan for scan in self._real_scans() if scan.name not in self.left_out)

    def _real_scans(self) -> Iterator[LabelledScan]:
        if self.only_simulated:
            return
        yield from labelled_scans(self.data)
        if self.start_from is not None:
            yield from self_labelled_scans(self.data, Segmenter.load(self.start_from / "weights"))

    @property
    def description(self) -> dict[str, object]:
        """What the weights' metadata says of the training."""
        return {
            "sources": {scan.name: scan.licence for scan in self._real_scans() if scan.name not in self.left_out},
            "left_out": list(self.left_out),
            "simulated_patients": self.patients,
            "warped_bodies_of_each_anatomy": 0 if self.only_simulated else self.warped_each,
            "seed": self.seed,
            "command": self.command,
        }

    @property
    def command(self) -> str:
        """What makes these weights again; capitals stand for folders."""
        words = ["python -m models.vertebra_segmentation.train --data DATA --simulated PATIENTS --out RUN"]
        words += [f"--patients {self.patients} --minutes {self.seconds / 60:g} --seed {self.seed}"]
        words += ["--only-simulated"] if self.only_simulated else [f"--warped {self.warped_each}"]
        words += [] if self.start_from is None else ["--start-from SIMULATED_RUN"]
        words += ["--leave-out", *self.left_out] if self.left_out else []
        return " ".join(words)


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


STAGES: Mapping[str, tuple[Sequence[str], CropPlan]] = {
    "coarse": (COARSE_CLASSES, COARSE_CROPS),
    "fine": (FINE_CLASSES, FINE_CROPS),
}


def stage_run(stage: str, run: Run) -> StageRun:
    """One network with its own crops and seed."""
    classes, plan = STAGES[stage]
    share = 1.0 if run.only_simulated else SIMULATED_SHARE[stage]
    crops = RandomCrops(plan, run.scans(), coarse=stage == "coarse", simulated_share=share)
    rate = PEAK_RATE if run.start_from is None else CONTINUING_RATE
    learner = Learner(classes, crops, run.seed + list(STAGES).index(stage), rate, run.device)
    if run.start_from is not None:
        learner.start_from(torch.load(run.start_from / f"{stage}.pt", weights_only=True)["averaged"])
    return StageRun(stage, learner, run.out, run.description)


def _train(stage: str, run: Run) -> None:
    torch.set_num_threads(run.threads)
    stage_run(stage, run).train(run.seconds, Console())


def train(run: Run) -> None:
    """Both networks side by side, then the weights in the run's folder."""
    run.out.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(STAGES), mp_context=context) as pool:
        for finished in [pool.submit(_train, stage, run) for stage in STAGES]:
            finished.result()
    export(run.out, run.out / "weights", "0.0.0")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the real sources; LIDC is fetched")
    parser.add_argument("--simulated", type=Path, required=True, help="folder of digital patients, filled if need be")
    parser.add_argument("--patients", type=int, default=300, help="how many digital patients")
    parser.add_argument("--warped", type=int, default=40, help="how many other bodies of each real anatomy")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, curves and weights")
    parser.add_argument("--minutes", type=float, required=True, help="training time of each network over all runs")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--leave-out", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--only-simulated", action="store_true")
    parser.add_argument("--start-from", type=Path, metavar="RUN")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1, help="threads of each network")
    options = parser.parse_args(arguments)
    fetch_lidc(options.data)
    build(options.simulated, options.patients)
    if not options.only_simulated:
        warped.build(options.simulated / "warped", options.data, options.warped)
    run = Run(
        data=options.data,
        out=options.out,
        simulated=options.simulated,
        patients=options.patients,
        warped_each=options.warped,
        seconds=options.minutes * 60,
        seed=options.seed,
        left_out=tuple(options.leave_out),
        only_simulated=options.only_simulated,
        start_from=options.start_from,
        device=options.device,
        threads=options.threads,
    )
    train(run)
    Console().print(f"weights in {options.out / 'weights'}")


if __name__ == "__main__":
    main()
