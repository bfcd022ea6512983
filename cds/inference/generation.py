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
from cds.inference.calibrator import PhysicsCalibrator

_SHIPPED = Path(models.__file__).parent / "vertebra_segmentation" / "weights"
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


def current_generation(weights_dir: Path | None, population: str | None = None) -> Generation:
    """Read the metadata beside the weights; raises `SettingsInvalid` if there is none.

    The digest over the stages is the one that the segmenter reports after it verified the weights.
    """
    folder = weights_dir or _SHIPPED
    try:
        metadata = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        digests = [metadata["networks"][stage]["sha256"] for stage in ("coarse", "fine")]
        version = str(metadata["version"])
    except (OSError, ValueError, KeyError) as error:
        raise SettingsInvalid(
            f"OSTEOCDS_WEIGHTS_DIR: {folder} holds no readable metadata.json ({type(error).__name__})"
        ) from error
    combined = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return Generation(f"{SEGMENTER} {version}", combined, PhysicsCalibrator().version, population)
