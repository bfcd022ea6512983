"""What turns the voxels of a CT into vertebrae and mg/cm3, and what is kept of them."""

from collections.abc import Collection, Sequence
from typing import Protocol

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.assessment import Calibration
from cds.bone.measured_ct import Measured
from cds.bone.tissue_sample import TissueSample
from cds.ct.acquisition import CtSeries
from cds.ct.volume import CtVolume
from cds.ports.progress import Progress


class VertebraSegmenter(Protocol):
    """Finds, names and outlines vertebral bodies."""

    name: str
    weights_sha256: str

    def segment(
        self,
        volume: CtVolume,
        levels: Collection[VertebralLevel] | None = None,
        progress: Progress | None = None,
    ) -> Spine:
        """The spine of one CT; no bodies where there is none."""


class HuCalibrator(Protocol):
    """Knows how many HU one mg/cm3 makes, and how sure that is."""

    @property
    def version(self) -> str:
        """Changes whenever a calibration could change."""

    def calibrate(
        self,
        series: CtSeries,
        water_equivalent_diameter_cm: float,
        *,
        thoracic: bool,
        samples: Sequence[TissueSample] = (),
    ) -> Calibration:
        """The calibration at one level; `series.kvp` has passed the gates, `samples` tell about the scanner."""


class VoxelKeeper(Protocol):
    """Takes from a measured CT what is needed of its voxels later: after the measure step they are gone."""

    def keep(self, result_id: str, measured: Measured) -> None:
        """Called once the CT is measured, under the id that its result will have; again, it replaces."""
