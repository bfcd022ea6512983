"""Draws mid-sagittal, mid-coronal and axial cuts of three seeds: python -m models.digital_patient.picture OUT.png."""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from models.digital_patient.acquisition import Acquisition
from models.digital_patient.simulate import ScanRequest, SimulatedScan, simulate

SEEDS = (1, 2, 3)
WINDOW_HU = (-250.0, 450.0)


def cuts_of(scan: SimulatedScan, level: str = "T12") -> list[NDArray[np.int16]]:
    """Sagittal and coronal through a body, head up, and axial."""
    place = np.array([*scan.truth.of(level).centre_lps_mm, 1.0])
    index = np.rint(np.linalg.solve(scan.affine_lps, place)).astype(int)[:3]
    return [scan.hu[::-1, :, index[2]], scan.hu[::-1, index[1], :], scan.hu[index[0]]]


def main(target: Path) -> None:
    """Write the picture."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend

    figure, axes = plt.subplots(len(SEEDS), 3, figsize=(6.6, 6.6), facecolor="black")
    for row, seed in zip(axes, SEEDS, strict=True):
        scan = simulate(
            seed, ScanRequest(caudal="L5", acquisition=Acquisition(slice_interval_mm=1.5, slice_thickness_mm=1.5))
        )
        aspects = (1.0, 1.0, 1.0)
        for axis, cut, aspect in zip(row, cuts_of(scan), aspects, strict=True):
            axis.imshow(cut, cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1], aspect=aspect, interpolation="bilinear")
            axis.axis("off")
    figure.subplots_adjust(0, 0, 1, 1, 0.01, 0.01)
    figure.savefig(target, dpi=75, facecolor="black", pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("picture.png")))
