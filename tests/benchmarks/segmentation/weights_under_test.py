"""Weights with what they have seen: the final ones, and folds of a cross-validation."""

import json
from dataclasses import dataclass
from pathlib import Path

from models.vertebra_segmentation.weights import METADATA_FILE, SHIPPED, combined_sha256


@dataclass(frozen=True, slots=True)
class WeightsUnderTest:
    """One folder of weights; `name` is "final" or the fold's."""

    name: str
    folder: Path
    version: str
    sha256: str
    sources: frozenset[str]
    """Real volumes that it was trained on."""
    left_out: frozenset[str]

    def as_record(self) -> dict[str, object]:
        """What identifies them, without their place."""
        return {
            "name": self.name,
            "version": self.version,
            "sha256": self.sha256,
            "trained_on": sorted(self.sources),
            "left_out": sorted(self.left_out),
        }


def weights_in(name: str, folder: Path | None = None) -> WeightsUnderTest:
    """Read the metadata; the shipped weights where no folder is given."""
    folder = folder or SHIPPED
    metadata = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    training = metadata.get("training", {})
    left_out = training.get("left_out") or metadata.get("left_out") or ()
    digests = [network["sha256"] for network in metadata["networks"].values()]
    return WeightsUnderTest(
        name=name,
        folder=folder,
        version=str(metadata["version"]),
        sha256=combined_sha256(digests),
        sources=frozenset(training.get("sources", ())) - frozenset(left_out),
        left_out=frozenset(left_out),
    )


def folds_in(folders: list[Path]) -> list[WeightsUnderTest]:
    """Folds by number; raises ValueError for weights that leave nothing out."""
    folds = [weights_in(f"fold {number}", folder) for number, folder in enumerate(folders, start=1)]
    for fold in folds:
        if not fold.left_out:
            message = f"{fold.folder}: its metadata leaves nothing out, so it is no fold of a cross-validation"
            raise ValueError(message)
    return folds
