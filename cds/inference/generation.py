"""Which model and calibration are current, told from files alone.

The web process needs the name to see that a result is from an older one, and must not import torch.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import models
from cds.bone import RULES_VERSION
from cds.errors import SettingsInvalid
from cds.inference.calibration_folder import site_calibrator
from cds.inference.choice import chosen_identity
from cds.inference.identity import SegmenterIdentity

SHIPPED = Path(models.__file__).parent / "vertebra_segmentation" / "weights"
_DIGITS = 12
SEGMENTER = "vertebra_segmentation"


@dataclass(frozen=True, slots=True)
class Generation:
    """Segmenter, weights, calibration, rules of measurement, population; one short name for all of them."""

    segmenter: str
    weights_sha256: str
    calibrator: str
    population: str | None = None

    @property
    def name(self) -> str:
        """What results are filed under; another name means that they are measured again."""
        parts = (f"{self.segmenter}+{self.weights_sha256[:_DIGITS]}", self.calibrator, f"rules-{RULES_VERSION}")
        return "/".join((*parts, *([self.population] if self.population else [])))


def current_generation(
    weights_dir: Path | None,
    population: str | None = None,
    *,
    segmenter: str | None = None,
    calibration_dir: Path | None = None,
) -> Generation:
    """What would be measured with now: the shipped networks (or those in `weights_dir`), or the site's own segmenter.

    Raises `SettingsInvalid` where its files, or those of `calibration_dir`, are not there or broken.
    """
    identity = _shipped(weights_dir or SHIPPED) if segmenter is None else chosen_identity(segmenter)
    return generation_of(identity, site_calibrator(calibration_dir).version, population)


def generation_of(identity: SegmenterIdentity, calibrator_version: str, population: str | None = None) -> Generation:
    """The generation of results that a segmenter and a calibrator make."""
    return Generation(identity.name, identity.weights_sha256, calibrator_version, population)


def _shipped(folder: Path) -> SegmenterIdentity:
    """Read the metadata beside the weights.

    The digest over the stages is the one that the segmenter reports after it verified the weights.
    """
    try:
        metadata = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        digests = [metadata["networks"][stage]["sha256"] for stage in ("coarse", "fine")]
        version = str(metadata["version"])
    except (OSError, ValueError, KeyError) as error:
        raise SettingsInvalid(
            f"OSTEOCDS_WEIGHTS_DIR: {folder} holds no readable metadata.json ({type(error).__name__})"
        ) from error
    return SegmenterIdentity(f"{SEGMENTER} {version}", hashlib.sha256("\n".join(digests).encode()).hexdigest())
