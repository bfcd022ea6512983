"""Digital patients as training scans: simulated once into a folder, read by every run.

`python -m models.vertebra_segmentation.simulated --to DIR --count 300` continues where it stopped. Seeds from
`SEEDS_BELOW` on are never drawn here: they belong to tests and benchmarks.
"""

import argparse
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scipy.ndimage import distance_transform_edt, find_objects

from models.digital_patient.cohort import draw_request
from models.digital_patient.simulate import ScanRequest, SimulatedScan, simulate
from models.digital_patient.structures import BODY, LEVELS, Structure
from models.vertebra_segmentation.grid import Image, averaged
from models.vertebra_segmentation.labels import (
    CERVICAL,
    CORE_DEPTH_MM,
    COUNTED,
    IGNORE,
    UNNAMED,
    coarse_index,
    fine_index,
)
from models.vertebra_segmentation.sources import LabelledScan, labels_on

SEEDS_BELOW = 100_000
GRID_MM = 2.0
LICENCE = "made by this project"

_COARSE = {
    Structure.AORTA: "aorta",
    Structure.PLAQUE: "aorta",
    Structure.CANAL: "spinal_canal",
    Structure.PARASPINAL_MUSCLE: "paraspinal_muscle",
    Structure.LUNG: "lung",
    Structure.LUNG_VESSEL: "lung",
    Structure.LIVER: "liver",
    Structure.KIDNEY: "kidney",
    Structure.SPLEEN: "spleen",
    Structure.HEART: "heart",
    Structure.HIP: "hip",
    Structure.PSOAS: "psoas",
    Structure.SACRUM: "sacrum",
    Structure.RIB: "rib",
    Structure.POSTERIOR_ELEMENTS: "posterior_elements",
}
_FINE = {Structure.DISC: "disc", Structure.RIB: "rib", Structure.POSTERIOR_ELEMENTS: "posterior_elements"}
_UNKNOWN = (Structure.OSTEOPHYTE, Structure.METAL)
"""Bone that real label maps count now to the body, now not."""

Labels = NDArray[np.uint8]


def labelled(scan: SimulatedScan, name: str) -> LabelledScan:
    """A simulated scan on the training grid, with the classes of both networks."""
    grid = averaged(Image(scan.hu, scan.affine_lps), GRID_MM)
    structures, vertebra = (
        labels_on(grid, Image(values, scan.affine_lps)) for values in (scan.truth.structures, scan.truth.vertebra)
    )
    hu = Image(np.rint(grid.values).astype(np.int16), grid.affine_lps)
    coarse, fine = _coarse(structures, vertebra), _fine(structures, vertebra)
    return LabelledScan(name, LICENCE, hu, coarse, fine, is_simulated=True)


def _coarse(structures: Labels, vertebra: Labels) -> Labels:
    table = np.zeros(256, np.uint8)
    for structure, name in _COARSE.items():
        table[structure] = coarse_index(name)
    table[list(_UNKNOWN)] = IGNORE
    coarse: Labels = table[structures]
    bodies = np.isin(structures, BODY)
    coarse[bodies] = np.array([IGNORE, *(_class_of(level) for level in LEVELS)], np.uint8)[vertebra[bodies]]
    return coarse


def _class_of(level: str) -> int:
    """Coarse class of a level; one that most people do not have (a thirteenth or sixth) teaches no name."""
    if level in COUNTED:
        return coarse_index(level)
    return coarse_index(CERVICAL) if level[0] == "C" else UNNAMED


def _fine(structures: Labels, vertebra: Labels) -> Labels:
    table = np.zeros(256, np.uint8)
    for structure, name in _FINE.items():
        table[structure] = fine_index(name)
    table[list(_UNKNOWN)] = IGNORE
    fine: Labels = table[structures]
    bodies = np.where(np.isin(structures, BODY), vertebra, 0)
    for number, box in enumerate(find_objects(bodies), start=1):
        if box is None:
            continue
        own = bodies[box] == number
        depth_mm = distance_transform_edt(np.pad(own, 1))[1:-1, 1:-1, 1:-1] * GRID_MM
        fine[box][own] = fine_index("body_rim")
        fine[box][own & (depth_mm > CORE_DEPTH_MM)] = fine_index("body_core")
    return fine


def build(folder: Path, count: int, processes: int = 2) -> None:
    """Simulate the patients with the seeds 0 to `count` - 1 that are not there yet."""
    if count > SEEDS_BELOW:
        message = f"at most {SEEDS_BELOW} training patients: later seeds belong to the tests"
        raise ValueError(message)
    folder.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in range(count) if not _file(folder, seed).exists()]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        finished = as_completed([pool.submit(_write, folder, seed) for seed in missing])
        for done in track(finished, "simulating patients", len(missing)):
            done.result()


def _write(folder: Path, seed: int) -> None:
    request = with_thin_slices(draw_request(seed, pixel_mm=GRID_MM))
    write_scan(labelled(simulate(seed, request), f"simulated-{seed}"), _file(folder, seed))


def with_thin_slices(request: ScanRequest) -> ScanRequest:
    """The same scan on slices as close as the training grid, so that its labels have no steps; as thick as before."""
    interval_mm = min(GRID_MM, request.acquisition.slice_interval_mm)
    return replace(request, acquisition=replace(request.acquisition, slice_interval_mm=interval_mm))


def write_scan(scan: LabelledScan, path: Path) -> None:
    """Keep a scan; an interrupted write leaves nothing."""
    arrays = {"hu": scan.hu.values, "affine": scan.hu.affine_lps, "coarse": scan.coarse, "fine": scan.fine}
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{name: np.asarray(values) for name, values in arrays.items()})
    partial.replace(path)


def read_scan(path: Path, name: str, origin: str | None = None) -> LabelledScan:
    """What `write_scan` kept."""
    with np.load(path) as kept:
        hu = Image(kept["hu"], kept["affine"])
        return LabelledScan(name, LICENCE, hu, kept["coarse"], kept["fine"], is_simulated=True, origin=origin)


def _file(folder: Path, seed: int) -> Path:
    return folder / f"{seed:05}.npz"


def simulated_scans(folder: Path, count: int) -> Iterator[LabelledScan]:
    """The first `count` patients of a folder that `build` filled."""
    for seed in range(count):
        yield read_scan(_file(folder, seed), f"simulated-{seed}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="folder for the simulated patients")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    build(options.to, options.count, options.processes)


if __name__ == "__main__":
    main()
