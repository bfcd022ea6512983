"""Results of small CTs, as they go back to an archive; each builder varies one thing."""

import io
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset

from cds.bone.anatomy import VertebralLevel
from cds.bone.regions import MeasuredRegions, Region
from cds.ct.volume import CtVolume
from cds.dicomweb.results.reported import ReportedResult
from cds.ports import Rejection, StoredResult
from tests.support.assessments import a_result, an_acquisition, an_assessment
from tests.support.dicom_builder import SERIES_UID, STUDY_UID, an_identity

LEVELS = (VertebralLevel.T12, VertebralLevel.L1, VertebralLevel.L2)
MEASURED_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NOTICE = "Investigational: not cleared as a medical device."


def regions_in(volume: CtVolume, seed=0, levels=LEVELS) -> MeasuredRegions:
    """A body and a trabecular region of random voxels at each level; bodies of neighbours share no voxel."""
    random = np.random.default_rng(seed)
    slices, rows, columns = volume.hu.shape
    found = []
    for kind, size in (("vertebral-body", (3, 12, 9)), ("trabecular-roi", (2, 6, 5))):
        for place, level in enumerate(levels):
            start = (place * slices // len(levels), int(random.integers(rows - 12)), int(random.integers(columns - 9)))
            inside = random.random(size) > 0.4
            inside[0, 0, 0] = inside[-1, -1, -1] = True
            found.append(Region(level, kind, start, inside))
    return MeasuredRegions(volume.sop_instance_uids, (slices, rows, columns), tuple(found))


def the_assessment(**facts):
    """An assessment of the series that `dicom_builder` writes."""
    acquisition = an_acquisition(study_uid=STUDY_UID, series_uid=SERIES_UID, patient_id="PAT-1")
    return an_assessment(**({"acquisition": acquisition} | facts))


def the_result(**facts) -> StoredResult:
    """That assessment, published for the patient of that series."""
    return replace(a_result(an_identity(), the_assessment(**facts)), measured_at=MEASURED_AT)


def reported(**facts) -> ReportedResult:
    """The same, as its DICOM objects tell it."""
    result = the_result(**facts)
    return ReportedResult(result.result_id, result.assessment, result.measured_at, NOTICE)


def as_file(instance: Dataset) -> bytes:
    """The object as it is stored."""
    file = io.BytesIO()
    dcmwrite(file, instance, enforce_file_format=True)
    return file.getvalue()


def read_back(instance: Dataset) -> Dataset:
    """What a reader of that file sees."""
    return dcmread(io.BytesIO(as_file(instance)))


@dataclass
class FakeRegionStore:
    """The `RegionStore` in a dictionary."""

    clock: object
    kept: dict[str, tuple[datetime, bytes]] = field(default_factory=dict)

    def put(self, result_id: str, regions: bytes) -> None:
        """Keep."""
        self.kept[result_id] = (self.clock.now(), regions)

    def waiting(self):
        """In the order of keeping."""
        return [(result_id, since) for result_id, (since, _) in self.kept.items()]

    def read(self, result_id: str) -> bytes | None:
        """What was kept."""
        return self.kept[result_id][1] if result_id in self.kept else None

    def forget(self, result_id: str) -> None:
        """No matter whether it is there."""
        self.kept.pop(result_id, None)


@dataclass
class FakeImageResults:
    """An archive that takes results, or raises what it is told to."""

    fault: Exception | None = None
    stored: dict[str, MeasuredRegions] = field(default_factory=dict)
    rejected: list[tuple[str, Rejection]] = field(default_factory=list)

    def store(self, result: StoredResult, regions: MeasuredRegions) -> None:
        """Take it."""
        if self.fault is not None:
            raise self.fault
        self.stored[result.result_id] = regions

    def reject(self, result: StoredResult, why: Rejection) -> bool:
        """Only what is there."""
        if result.result_id not in self.stored:
            return False
        self.rejected.append((result.result_id, why))
        return True
