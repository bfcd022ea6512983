"""TotalSegmentator behind the `VertebraSegmenter` port, through its command line.

    scan -> NIfTI in a private folder -> task total, task vertebrae_body -> label maps -> anatomy

A process of its own keeps its environment, its memory and its faults apart from the worker, and can be
stopped when it takes too long. It is told to send no usage statistics; it gets voxels and geometry, no
identifiers.
"""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cds.bone.anatomy import Spine, VertebralLevel
from cds.ct.volume import CtVolume
from cds.errors import SegmenterFailed
from cds.inference.label_map import LabelMap
from cds.inference.label_names import Structure, structures_of
from cds.inference.label_spine import spine_of
from cds.inference.nifti import read_labels, write_scan
from cds.inference.totalsegmentator_files import Installation
from cds.ports import Progress
from models.vertebra_segmentation.grid import Image, canonical

TIMEOUT_S: Final = 540.0
"""Less than the ten minutes after which a measurement counts as hanging."""

_BODY = "vertebrae_body"
_SILENT = {"send_usage_stats": False, "prediction_counter": 0, "statistics_disclaimer_shown": True}


class TotalSegmentator:
    """One installation, started anew for each CT."""

    def __init__(self, installation: Installation, *, device: str = "auto", timeout_s: float = TIMEOUT_S) -> None:
        self._installation = installation
        self._signature = installation.signature()
        self._device = "cpu" if device == "cpu" else "gpu"
        self._timeout_s = timeout_s
        identity = installation.identity()
        self.name = identity.name
        self.weights_sha256 = identity.weights_sha256

    def segment(
        self,
        volume: CtVolume,
        levels: Collection[VertebralLevel] | None = None,
        progress: Progress | None = None,
    ) -> Spine:
        """The spine of one CT; raises `SegmenterFailed` where the command fails or answers with no label map."""
        report = progress or (lambda _stage, _share: None)
        seconds: dict[str, float] = {}
        scan = canonical(volume.hu, volume.affine_lps)
        with tempfile.TemporaryDirectory(prefix="osteocds-") as private:
            report("TotalSegmentator", 0.0)
            folder = Path(private)
            write_scan(folder / "ct.nii", scan)
            deadline = time.monotonic() + self._timeout_s
            begun = time.perf_counter()
            labels, names = self._run("total", folder, scan, deadline)
            structures = _structures(names)
            if self._installation.has_bodies:
                report("TotalSegmentator, bodies", 0.7)
                bodies, body_names = self._run(_BODY, folder, scan, deadline)
                labels = _without_posterior_elements(labels, structures, bodies, body_names)
                structures = _as_bodies(structures)
            seconds["network"] = time.perf_counter() - begun
        report("outlines", 0.9)
        return spine_of(LabelMap.of(labels, scan.affine_lps, names), structures, volume, levels, seconds)

    def _run(self, task: str, folder: Path, scan: Image, deadline: float) -> tuple[NDArray[np.uint8], dict[int, str]]:
        """Labels on the scan's grid, and their names; with the weights that `weights_sha256` stands for."""
        self._refuse_changed_weights()
        answer = folder / f"{task}.nii.gz"
        command = [str(self._installation.command), "-i", str(folder / "ct.nii"), "-o", str(answer), "--ml"]
        command += ["-ta", task, "-d", self._device, "-q"]
        if self._installation.fast and task == "total":
            command.append("--fast")
        _run_until(command, self._environment(folder), deadline, self._timeout_s)
        self._refuse_changed_weights()
        return read_labels(answer, scan)

    def _environment(self, folder: Path) -> dict[str, str]:
        """Ours without our settings, and a home of its own with the statistics switched off."""
        home = folder / "home"
        home.mkdir(exist_ok=True)
        (home / "config.json").write_text(json.dumps(_SILENT | {"totalseg_id": "osteocds"}), encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")}
        weights = str(self._installation.weights_dir)
        return kept | {"TOTALSEG_HOME_DIR": str(home), "TOTALSEG_WEIGHTS_PATH": weights}

    def _refuse_changed_weights(self) -> None:
        if self._installation.signature() != self._signature:
            raise SegmenterFailed(
                "the weights of TotalSegmentator changed while osteocds was running; start osteocds anew, "
                "so that results are filed under the weights that made them"
            )


def _run_until(command: list[str], environment: Mapping[str, str], deadline: float, timeout_s: float) -> None:
    """Run to the end; the whole process group is ended where that takes too long."""
    try:
        process = subprocess.Popen(  # noqa: S603 - found on the PATH that the site gave
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
    except OSError as error:
        raise SegmenterFailed(f"{command[0]} cannot be started ({error.strerror})") from error
    with process:
        try:
            output, _ = process.communicate(timeout=max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            raise SegmenterFailed(
                f"TotalSegmentator took longer than {timeout_s:.0f} s and was stopped; use a GPU, "
                "OSTEOCDS_SEGMENTER=totalsegmentator-fast, or a longer OSTEOCDS_SEGMENTER_TIMEOUT_S"
            ) from None
        finally:
            with contextlib.suppress(ProcessLookupError):  # all it started, and itself if it still runs
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode != 0:
        last = output.decode(errors="replace").strip().splitlines()[-1:]
        raise SegmenterFailed(
            f"TotalSegmentator ended with status {process.returncode}: {(last[0] if last else 'no message')[:200]}"
        )


def _structures(names: Mapping[int, str]) -> dict[int, Structure]:
    try:
        return structures_of(names)
    except ValueError as error:
        raise SegmenterFailed(f"task total of TotalSegmentator: {error}") from error


def _as_bodies(structures: Mapping[int, Structure]) -> dict[int, Structure]:
    return {
        label: Structure("body", each.level) if each.kind == "vertebra" else each for label, each in structures.items()
    }


def _without_posterior_elements(
    labels: NDArray[np.uint8],
    structures: Mapping[int, Structure],
    bodies: NDArray[np.uint8],
    body_names: Mapping[int, str],
) -> NDArray[np.uint8]:
    """Vertebrae cut down to what the other task calls a body."""
    body = [label for label, name in body_names.items() if name == _BODY]
    if not body:
        raise SegmenterFailed(f"task {_BODY} of TotalSegmentator has no label {_BODY}")
    vertebrae = [label for label, each in structures.items() if each.kind == "vertebra"]
    return np.where(np.isin(labels, vertebrae) & (bodies != body[0]), 0, labels).astype(np.uint8)
