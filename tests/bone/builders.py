"""Measured levels without voxels; each varies what a test is about."""

import numpy as np

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Calibration
from cds.bone.density import density_of
from cds.bone.measured_level import MeasuredLevel
from cds.bone.roi import TrabecularRoi
from cds.bone.tissue_sample import TissueSample
from cds.bone.vertebral_height import BodyHeights


def a_calibration(**facts):
    """120 kVp, a middle size, scanner unknown."""
    usual = {
        "method": "physics slope by kVp and size",
        "scanner": "unknown",
        "slope_hu_per_mg_cm3": 1.28,
        "slope_sd_fraction": 0.08,
        "offset_hu": 0.0,
        "offset_sd_hu": 2.5,
        "water_equivalent_diameter_cm": 26.0,
        "version": "test-1",
    }
    return Calibration(**(usual | facts))


def a_sample(tissue, hu, **facts):
    """What a tissue reads, surely; fat as under the skin, the rest in a middle size."""
    usual = {"count": 2000, "sd_hu": 12.0, "sem_hu": 0.8, "water_path_cm": {"fat": 10.0, "air": 0.0}.get(tissue, 29.0)}
    return TissueSample(tissue=tissue, hu=hu, **(usual | facts))


def a_blood(hu, sd_hu=12.0, count=1000):
    """Blood of the aorta."""
    return a_sample("blood", hu, sd_hu=sd_hu, count=count)


def a_roi(level="L1", hu=128.0, **facts):
    """A region that reads so many HU."""
    usual = {
        "hu_sd": 35.0,
        "hu_sem": 1.2,
        "roi_cm3": 5.2,
        "centre_lps_mm": (0.0, 0.0, 0.0),
        "slice_count": 6,
        "voxel_indices": np.zeros((0, 3), np.int32),
        "heights": BodyHeights(27, 27, 27),
        "height_loss_percent": 0.0,
    }
    return TrabecularRoi(level=VertebralLevel(level), hu=hu, **(usual | facts))


def a_density(level="L1", hu=128.0, *, calibration=None, **facts):
    """The density of such a region."""
    return density_of(a_roi(level, hu, **facts), calibration or a_calibration())


def a_measured(level="L1", hu=128.0, *, calibration=None, flags=(), **facts):
    """A measured level."""
    calibration = calibration or a_calibration()
    roi = a_roi(level, hu, **facts)
    return MeasuredLevel(roi, calibration, density_of(roi, calibration), flags)
