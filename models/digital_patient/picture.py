"""Sagittal, coronal and axial cuts of three seeds: python -m models.digital_patient.picture [OUT.png]."""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.digital_patient.acquisition import Acquisition
from models.digital_patient.simulate import ScanRequest, SimulatedScan, simulate

SEEDS = (1, 2, 4)
LEVEL = "T12"
LOWEST_HU, HIGHEST_HU = -200.0, 420.0
GREYS = 20
"""Few enough to keep the file small."""


def cuts_of(scan: SimulatedScan) -> list[NDArray[np.int16]]:
    """Sagittal and coronal cuts through a body, head up, and an axial one."""
    place = np.array([*scan.truth.of(LEVEL).centre_lps_mm, 1.0])
    index = np.rint(np.linalg.solve(scan.affine_lps, place)).astype(int)[:3]
    return [scan.hu[::-1, :, index[2]], scan.hu[::-1, index[1], :], scan.hu[index[0]]]


def mosaic(rows: list[list[NDArray[np.int16]]]) -> NDArray[np.uint8]:
    """Grey levels of all cuts, each padded to the largest."""
    high = max(cut.shape[0] for row in rows for cut in row)
    padded = [
        np.hstack([np.pad(cut, ((0, high - len(cut)), (0, 2)), constant_values=-1000) for cut in row]) for row in rows
    ]
    share = np.clip((np.vstack(padded) - LOWEST_HU) / (HIGHEST_HU - LOWEST_HU), 0, 1)
    greys: NDArray[np.uint8] = (np.rint(share * (GREYS - 1)) * (255 / (GREYS - 1))).astype(np.uint8)
    return greys


def main(target: Path, pixel_mm: float = 1.8) -> None:
    """Write the picture."""
    acquisition = Acquisition(pixel_mm=pixel_mm, slice_interval_mm=pixel_mm, slice_thickness_mm=pixel_mm)
    request = ScanRequest(caudal="L5", margin_mm=20.0, acquisition=acquisition)
    picture = Image.fromarray(mosaic([cuts_of(simulate(seed, request)) for seed in SEEDS]))
    picture.quantize(GREYS).save(target, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("picture.png"))
