"""Real CT: labelled volumes by the fold that never saw them, and every volume by the final weights."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cds.inference.segmenter import NetworkSegmenter
from cds.ports import VertebraSegmenter
from tests.benchmarks.progress import Say
from tests.benchmarks.segmentation.data_folders import DataFolders
from tests.benchmarks.segmentation.measuring import Measured, measure, with_readings
from tests.benchmarks.segmentation.reading import RealScan, read
from tests.benchmarks.segmentation.real_volumes import VOLUMES, RealVolume
from tests.benchmarks.segmentation.scoring import Knowledge, score
from tests.benchmarks.segmentation.weights_under_test import WeightsUnderTest

Record = dict[str, Any]


def evaluate_final(weights: WeightsUnderTest, folders: DataFolders, say: Say) -> Record:
    """Every volume that is there, by the weights that ship; each says whether they saw it in training."""
    segmenter = NetworkSegmenter.load(weights.folder, device="cpu")
    rows = [record(scan, segmenter, weights) for scan in present(VOLUMES, folders, say)]
    return {"weights": weights.as_record(), "volumes": rows, "absent": _absent(folders)}


def evaluate_folds(folds: Sequence[WeightsUnderTest], folders: DataFolders, say: Say) -> Record:
    """Each volume that a fold left out, by that fold."""
    rows = []
    for fold in folds:
        segmenter = NetworkSegmenter.load(fold.folder, device="cpu")
        left_out = [about for about in VOLUMES if about.name in fold.left_out]
        rows += [record(scan, segmenter, fold) for scan in present(left_out, folders, say)]
    return {"weights": [fold.as_record() for fold in folds], "volumes": rows, "absent": _absent(folders)}


def present(volumes: Iterable[RealVolume], folders: DataFolders, say: Say) -> Iterator[RealScan]:
    """Read the volumes one by one; those whose files are not there are told and left out."""
    for about in volumes:
        scan = read(about, folders)
        say(f"{about.name}: not there, left out" if scan is None else about.name)
        if scan is not None:
            yield scan


def _absent(folders: DataFolders) -> list[str]:
    return [about.name for about in VOLUMES if folders.find(about.place) is None]


def record(scan: RealScan, segmenter: VertebraSegmenter, weights: WeightsUnderTest) -> Record:
    """Everything about one volume under one set of weights."""
    measured = measure(scan.volume, segmenter)
    return record_of(scan, measured, weights)


def record_of(scan: RealScan, measured: Measured, weights: WeightsUnderTest) -> Record:
    """The same of a measurement that is there already."""
    about, result = scan.about, measured.assessment
    true = with_readings(scan.volume, scan.true, measured.spine.aorta)
    rows = score(measured.bodies, true, knowledge_of(about))
    return {
        "volume": about.name,
        "weights": weights.name,
        "seen_in_training": about.name in weights.sources,
        "numbering": about.numbering,
        "labelled": about.labels is not None,
        "status": result.status,
        "vbmd_mg_cm3": None if result.vbmd_mg_cm3 is None else round(result.vbmd_mg_cm3, 1),
        "levels_used": [level.value for level in result.levels_used],
        "flags": list(result.flags),
        "reasons": sorted({reason.code for reason in result.reasons}),
        "numbering_confidence": round(measured.spine.numbering_confidence, 3),
        "level_ambiguous": measured.is_ambiguous,
        "bodies": [row.as_record() for row in rows],
    }


def knowledge_of(about: RealVolume) -> Knowledge:
    """What is known about the names in a volume."""
    shows = None if about.numbering == "untold" else about.shows
    return Knowledge(shows, complete=about.labels is not None and about.labels.complete)
