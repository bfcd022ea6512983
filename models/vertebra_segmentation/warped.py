"""Real anatomies as training scans: label maps warped into other bodies and simulated with other densities.

Only scans whose licence allows weights to be trained on them. Made once into a folder, like digital patients:
`python -m models.vertebra_segmentation.warped --data DIR --to DIR`.
"""

import argparse
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import track

from models.digital_patient.cohort import draw_request
from models.digital_patient.from_labels import LabelledAnatomy, anatomy_of, load, save
from models.digital_patient.grid import ScanGrid
from models.digital_patient.labelled_patient import simulate_from_labels
from models.vertebra_segmentation.grid import Image
from models.vertebra_segmentation.simulated import GRID_MM, labelled, read_scan, with_thin_slices, write_scan
from models.vertebra_segmentation.sources import LabelledScan, labels_on, lidc_images, ts_example_images

ANATOMIES: Mapping[str, tuple[Callable[[Path], tuple[Image, Image]], str, str]] = {
    "LIDC-IDRI-0001": (lidc_images, "T1", "L3"),
    "ts_example": (ts_example_images, "T12", "L5"),
}
"""How each is read, and its highest and lowest level."""


def build(folder: Path, data: Path, each: int, processes: int = 2) -> None:
    """Make the first `each` bodies of every anatomy that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (read, _, _) in ANATOMIES.items():
        kept = folder / f"{name}.anatomy.npz"
        if not kept.exists():
            save(_anatomy(name, *read(data)), kept)
    missing = [
        (folder, name, seed) for seed in range(each) for name in ANATOMIES if not _file(folder, name, seed).exists()
    ]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in track([pool.submit(_make, *one) for one in missing], "warping real anatomies"):
            done.result()


def _anatomy(name: str, hu: Image, label_map: Image) -> LabelledAnatomy:
    slices, rows, columns = hu.values.shape
    down, back, across = (float(mm) for mm in hu.spacing_mm)
    x, y, z = (float(c) for c in hu.affine_lps[:3, 3])
    grid = ScanGrid((slices, rows, columns), (down, back, across), (x, y, z))
    return anatomy_of(name, np.asarray(hu.values), labels_on(hu, label_map), grid)


def _make(folder: Path, name: str, seed: int) -> None:
    anatomy = load(folder / f"{name}.anatomy.npz")
    _, cranial, caudal = ANATOMIES[name]
    request = with_thin_slices(draw_request(seed, pixel_mm=GRID_MM))
    request = replace(request, cranial=cranial, caudal=caudal, margin_mm=60.0, margin_below_mm=60.0)
    write_scan(labelled(simulate_from_labels(seed, anatomy, request), _name(name, seed)), _file(folder, name, seed))


def _name(anatomy: str, seed: int) -> str:
    return f"warped-{anatomy}-{seed}"


def _file(folder: Path, anatomy: str, seed: int) -> Path:
    return folder / f"{anatomy}-{seed:05}.npz"


def warped_scans(folder: Path, each: int, left_out: Sequence[str]) -> Iterator[LabelledScan]:
    """The first `each` bodies of every anatomy but those that are left out."""
    for name in ANATOMIES:
        if name not in left_out:
            yield from (read_scan(_file(folder, name, seed), _name(name, seed), name) for seed in range(each))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the real sources")
    parser.add_argument("--to", type=Path, required=True, help="folder for the simulated scans")
    parser.add_argument("--each", type=int, default=40)
    options = parser.parse_args(arguments)
    build(options.to, options.data, options.each)


if __name__ == "__main__":
    main()
