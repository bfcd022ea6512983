"""A TotalSegmentator that answers with label maps which lie ready: same command line, same files, same names.

It checks what it is called with as the real one would, and leaves a record of its calls.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import nibabel
import numpy as np

TOTAL_DATASETS = {
    False: (
        "Dataset291_TotalSegmentator_part1_organs_1559subj",
        "Dataset292_TotalSegmentator_part2_vertebrae_1532subj",
        "Dataset293_TotalSegmentator_part3_cardiac_1559subj",
        "Dataset294_TotalSegmentator_part4_muscles_1559subj",
        "Dataset295_TotalSegmentator_part5_ribs_1559subj",
    ),
    True: ("Dataset297_TotalSegmentator_total_3mm_1559subj",),
}
BODIES = "Dataset305_vertebrae_discs_1559subj"

_PROGRAM = dedent("""\
    #!{python}
    import argparse, json, os, shutil, sys, time
    from pathlib import Path

    parser = argparse.ArgumentParser()
    parser.add_argument("--version", action="version", version="{version}")
    parser.add_argument("-i", dest="input", type=Path, required=True)
    parser.add_argument("-o", dest="output", type=Path, required=True)
    parser.add_argument("-ta", "--task", default="total", choices=["total", "vertebrae_body"])
    parser.add_argument("-ml", "--ml", action="store_true")
    parser.add_argument("-f", "--fast", action="store_true")
    parser.add_argument("-d", "--device", default="gpu")
    parser.add_argument("-q", "--quiet", action="store_true")
    given = parser.parse_args()
    home = Path(os.environ["TOTALSEG_HOME_DIR"])
    ready = Path({ready!r})
    call = {{
        "task": given.task, "fast": given.fast, "device": given.device, "multilabel": given.ml,
        "statistics": json.loads((home / "config.json").read_text())["send_usage_stats"],
        "ours": [name for name in os.environ if name.startswith("OSTEOCDS_")],
        "weights": os.environ["TOTALSEG_WEIGHTS_PATH"], "folder": str(given.input.parent),
    }}
    with (ready / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(call) + "\\n")
    shutil.copy(given.input, ready / "ct.nii")
    {behaviour}
    answer = ready / (given.task + ".nii.gz")
    if not answer.exists():
        sys.exit("no weights for task " + given.task)
    shutil.copy(answer, given.output)
""")


class FakeTotalSegmentator:
    """An installation in a folder of its own: bin/TotalSegmentator, weights, and the answers."""

    def __init__(self, folder: Path, *, version: str = "2.18.0", behaviour: str = "") -> None:
        self.bin, self.weights, self._ready = folder / "bin", folder / "weights", folder / "ready"
        for each in (self.bin, self.weights, self._ready):
            each.mkdir(parents=True)
        program = self.bin / "TotalSegmentator"
        program.write_text(
            _PROGRAM.format(python=sys.executable, version=version, ready=str(self._ready), behaviour=behaviour)
        )
        program.chmod(0o755)

    def install(self, *, fast: bool = False) -> None:
        """Weights of task `total`."""
        self._install(*TOTAL_DATASETS[fast])

    def install_bodies(self) -> None:
        """Weights of task `vertebrae_body`."""
        self._install(BODIES)

    def _install(self, *datasets: str) -> None:
        """A few bytes each, laid out as nnU-Net does."""
        for name in datasets:
            fold = self.weights / name / "nnUNetTrainerNoMirroring__nnUNetPlans__3d_fullres" / "fold_0"
            fold.mkdir(parents=True)
            (fold / "checkpoint_final.pth").write_bytes(f"weights of {name}".encode())
            (fold.parent / "plans.json").write_text("{}")
            (fold.parent / "dataset.json").write_text("{}")

    def on_the_path(self, monkeypatch) -> None:
        """For this process and those it starts."""
        monkeypatch.setenv("PATH", f"{self.bin}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(self.weights))

    def will_answer(
        self, task: str, labels: np.ndarray, affine_lps: np.ndarray, names: Mapping[int, str] | None
    ) -> None:
        """A label map (slice, row, column), saved as TotalSegmentator saves it: names in the extended header."""
        affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine_lps[:, [2, 1, 0, 3]]
        image = nibabel.Nifti1Image(np.ascontiguousarray(labels.transpose(2, 1, 0)).astype(np.uint8), affine)
        if names is not None:
            image.header.extensions.append(nibabel.nifti1.Nifti1Extension(0, _caret_extension(names)))
        nibabel.save(image, self._ready / f"{task}.nii.gz")

    @property
    def calls(self) -> list[dict]:
        """What it was called with, in order."""
        path = self._ready / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def scan_given(self) -> nibabel.Nifti1Image:
        """The CT of the last call."""
        return nibabel.load(self._ready / "ct.nii")


def _caret_extension(names: Mapping[int, str]) -> bytes:
    rows = "\n".join(
        f'<Label Key="{label}" Red="1.0" Green="0.0" Blue="0.0" Alpha="1"><![CDATA[{name}]]></Label>'
        for label, name in names.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?> <CaretExtension>  <VolumeInformation Index="0">   <LabelTable>\n'
        f"{rows}\n</LabelTable>  </VolumeInformation></CaretExtension>"
    ).encode()
