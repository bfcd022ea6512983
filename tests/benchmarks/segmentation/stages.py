"""One CT through a warm worker, stage by stage: `python -m tests.benchmarks.segmentation.stages VOLUME.npz`.

A process of its own, so that its memory is its own. Prints one line of JSON.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from cds.bone.anatomy import VertebralLevel
from cds.bone.assess import measure_volume
from cds.bone.assessment import Software
from cds.ct.volume import CtVolume
from cds.inference.calibrator import PhysicsCalibrator
from cds.inference.segmenter import NetworkSegmenter
from tests.benchmarks.segmentation.measuring import SOME_DAY, volume_of
from tests.benchmarks.segmentation.memory_meter import forget_peak, peak_gb, resident_gb

LEVELS = tuple(VertebralLevel(name) for name in ("T11", "T12", "L1", "L2", "L3"))
WARM_UP_SHAPE = (64, 96, 96)


class StageMeter:
    """Seconds and peak memory between one report of progress and the next."""

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, float]] = {}
        self._stage: str | None = None
        self._begun = 0.0

    def __call__(self, stage: str, _share: float) -> None:
        """End the stage that runs, begin this one."""
        self.end()
        self._stage, self._begun = stage, time.perf_counter()
        forget_peak()

    def end(self) -> None:
        """End the stage that runs."""
        if self._stage is not None and self._stage != "done":
            seconds = time.perf_counter() - self._begun
            self.stages[self._stage] = {"seconds": round(seconds, 3), "peak_gb": round(peak_gb(), 3)}
        self._stage = None


def run(volume_file: Path, weights: Path | None, threads: int, repeats: int) -> dict[str, object]:
    """Load, warm up, read, then segment and assess; the fastest repeat counts, its parts belong together."""
    begun = time.perf_counter()
    segmenter = NetworkSegmenter.load(weights, device="cpu", threads=threads)
    loading_s = time.perf_counter() - begun
    segmenter.segment(volume_of(np.full(WARM_UP_SHAPE, 40), np.diag([2.0, 2.0, 2.0, 1.0])[[2, 1, 0, 3]], 2.0), LEVELS)
    idle_gb = resident_gb()
    stored = np.load(volume_file)
    volume = volume_of(stored["hu"], stored["affine"], float(stored["slice_thickness_mm"]))
    del stored
    runs = [_once(volume, segmenter) for _ in range(repeats)]
    fastest = min(runs, key=lambda each: each["segment_s"] + each["assess_s"])
    peak = max(stage["peak_gb"] for stage in fastest["stages"].values())
    return {
        "shape": list(volume.hu.shape),
        "threads": threads,
        "loading_s": round(loading_s, 2),
        "idle_gb": round(idle_gb, 3),
        "over_idle_gb": round(peak - idle_gb, 3),
        "all_segment_s": [round(each["segment_s"], 3) for each in runs],
        **fastest,
    }


def _once(volume: CtVolume, segmenter: NetworkSegmenter) -> dict:
    meter = StageMeter()
    begun = time.perf_counter()
    spine = segmenter.segment(volume, LEVELS, meter)
    segmented = time.perf_counter()
    meter("assess", 0.0)
    result = measure_volume(
        volume,
        spine,
        PhysicsCalibrator(),
        patient_check="matched",
        today=SOME_DAY,
        software=Software("benchmark", segmenter.name, segmenter.weights_sha256),
        timing_s={},
    ).assessment
    meter.end()
    return {
        "segment_s": round(segmented - begun, 3),
        "assess_s": round(time.perf_counter() - segmented, 3),
        "stages": meter.stages,
        "levels": [body.level.value for body in spine.bodies],
        "vbmd_mg_cm3": result.vbmd_mg_cm3,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("volume", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(json.dumps(run(options.volume, options.weights, options.threads, options.repeats)))  # noqa: T201


if __name__ == "__main__":
    main()
