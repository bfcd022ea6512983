"""From water paths back to a slice: filtered back projection, HU of water 0."""

import numpy as np
from skimage.transform import iradon

from models.digital_patient.grid import Floats, Picture


def reconstruct(paths_cm: Floats, angles_deg: Floats, pixel_mm: float, kernel: str = "hann") -> Picture:
    """HU (row, column) from water paths (bin, view); `kernel` is a filter of `skimage.transform.iradon`."""
    water = iradon(paths_cm, angles_deg, filter_name=kernel, circle=True) / (pixel_mm / 10)
    hu: Picture = (1000 * (water - 1)).astype(np.float32)
    return hu
