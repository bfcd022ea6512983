"""How often the gates on the patient's tissues fire on scans that are right, and what the tissues read.

    python -m tests.bone.tissue_alarms --data ../shared/ct --simulated 40

Real scans as in `false_alarms`; simulated ones are drawn with tissues of their own, offsets of 2.5 HU (SD) and
filters from light to hard. Prints Markdown.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np

from cds.bone.anatomy import VertebralLevel
from cds.bone.assess import measure_volume
from cds.bone.assessment import Assessment, Calibration, Software
from cds.bone.gates import GATES
from cds.ct.volume import CtVolume
from cds.inference.calibrator import PhysicsCalibrator
from cds.inference.segmenter import NetworkSegmenter
from models.digital_patient import draw_request, simulate
from tests.bone.false_alarms import FIRST_SEED, real_scans, volume_of

SIMULATED_MM = 1.5
TISSUE_GATES = ("fat", "muscle", "blood", "tissues", "tin", "air+blood", "fat+muscle")
CODES = frozenset(code for name in TISSUE_GATES for code in (GATES[name].refusal, GATES[name].flag) if code)


class Remembering(PhysicsCalibrator):
    """Keeps its last answer, also where the assessment is refused."""

    last: Calibration | None = None

    def calibrate(self, *args, **facts):
        """Answer and remember."""
        self.last = super().calibrate(*args, **facts)
        return self.last


@dataclass
class Tally:
    """What happened to one kind of scans."""

    scans: int = 0
    calibrated: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    read: dict[str, list[float]] = field(default_factory=dict)
    where: list[str] = field(default_factory=list)


def count(tally: Tally, name: str, volume: CtVolume, segmenter: NetworkSegmenter) -> None:
    """Add one scan."""
    calibrator = Remembering()
    spine = segmenter.segment(volume, tuple(VertebralLevel))
    software = Software("alarms", segmenter.name, segmenter.weights_sha256)
    today = date(2026, 1, 1)
    found = measure_volume(
        volume, spine, calibrator, patient_check="matched", today=today, software=software, timing_s={}
    ).assessment
    tally.scans += 1
    if calibrator.last is None:
        return
    tally.calibrated += 1
    for code in {*(reason.code for reason in found.reasons), *found.flags} & CODES:
        tally.fired[code] += 1
        tally.where.append(f"{name}: {code}")
    for what, value in readings(found, calibrator.last):
        tally.read.setdefault(what, []).append(value)


def readings(found: Assessment, calibration: Calibration) -> Iterator[tuple[str, float]]:
    """What each gate judged."""
    yield from ((each.tissue, each.hu_at_120_kvp) for each in calibration.tissues)
    if calibration.apparent_hardness is not None:
        yield "steps of filtration by fat", calibration.apparent_hardness
    used = [level.hu for level in found.levels if level.used]
    if used:
        hu = float(np.mean(used))
        vbmd = (hu - calibration.offset_hu) / calibration.slope_hu_per_mg_cm3
        for line in calibration.lines:
            yield line.tissues, (hu - line.offset_hu) / line.slope_hu_per_mg_cm3 - vbmd


def table_of(kind: str, tally: Tally) -> Iterator[str]:
    """What fired, then what was read."""
    yield f"{kind}: {tally.scans} scans, {tally.calibrated} with a level to calibrate"
    yield ""
    yield "| gate | fired |"
    yield "|---|---|"
    yield from (f"| {code} | {tally.fired[code]} |" for code in sorted(CODES))
    yield ""
    yield "| what | scans | least | median | most | SD |"
    yield "|---|---|---|---|---|---|"
    for what, values in sorted(tally.read.items()):
        low, middle, high = np.percentile(values, (0, 50, 100))
        yield f"| {what} | {len(values)} | {low:.1f} | {middle:.1f} | {high:.1f} | {np.std(values):.1f} |"
    yield ""
    yield f"fired at {'; '.join(tally.where) or 'none'}"
    yield ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the real scans")
    parser.add_argument("--simulated", type=int, default=40)
    options = parser.parse_args(arguments)
    segmenter = NetworkSegmenter.load(threads=1)
    real, simulated = Tally(), Tally()
    for name, volume in real_scans(options.data):
        count(real, name, volume, segmenter)
    for seed in range(FIRST_SEED, FIRST_SEED + options.simulated):
        request = draw_request(seed, pixel_mm=SIMULATED_MM)
        scan = simulate(seed, request)
        volume = volume_of(scan.hu, scan.affine_lps)
        series = replace(volume.series, kvp=request.scanner.kvp)
        count(simulated, str(seed), replace(volume, series=series), segmenter)
    sys.stdout.write("\n".join([*table_of("real", real), *table_of("simulated", simulated)]) + "\n")


if __name__ == "__main__":
    main()
