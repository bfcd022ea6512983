"""Pictures of every real volume, by weights that never saw it where there are some."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cds.inference.segmenter import NetworkSegmenter
from tests.benchmarks.progress import Say
from tests.benchmarks.segmentation.data_folders import DataFolders
from tests.benchmarks.segmentation.measuring import measure
from tests.benchmarks.segmentation.pictures import picture_of, save
from tests.benchmarks.segmentation.real import present
from tests.benchmarks.segmentation.real_volumes import VOLUMES, RealVolume
from tests.benchmarks.segmentation.weights_under_test import WeightsUnderTest


@dataclass(frozen=True, slots=True)
class Gallery:
    """Where pictures go: beside the results, or, of share-alike data, into the work folder only."""

    kept: Path
    local: Path

    def file_for(self, about: RealVolume) -> Path:
        """The place of one volume's picture."""
        return (self.kept if about.may_be_shown else self.local) / f"{about.name}.png"


def draw(
    gallery: Gallery, final: WeightsUnderTest, folds: Sequence[WeightsUnderTest], folders: DataFolders, say: Say
) -> None:
    """One picture of each volume that is there."""
    loaded = {each.name: NetworkSegmenter.load(each.folder, device="cpu") for each in (final, *folds)}
    for scan in present(VOLUMES, folders, say):
        weights = unseen(scan.about, final, folds)
        seen = ", which saw it in training" if scan.about.name in weights.sources else ", which never saw it"
        measured = measure(scan.volume, loaded[weights.name])
        name = f"weights {weights.version}" if weights is final else weights.name
        save(picture_of(scan, measured, name + seen), gallery.file_for(scan.about))


def unseen(about: RealVolume, final: WeightsUnderTest, folds: Sequence[WeightsUnderTest]) -> WeightsUnderTest:
    """The fold that left the volume out where the final weights saw it; else the final weights."""
    if about.name not in final.sources:
        return final
    return next((fold for fold in folds if about.name in fold.left_out), final)
