"""Weights on disk: two safetensors files beside `metadata.json`, which carries their SHA-256."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import load as load_tensors

from models.vertebra_segmentation.confidence import NumberingCalibration
from models.vertebra_segmentation.network import HalfResolutionUNet

SHIPPED = Path(__file__).parent / "weights"
METADATA_FILE = "metadata.json"
STAGES = ("coarse", "fine")


class WeightsMismatch(ValueError):
    """A weights file is not the one that `metadata.json` describes."""

    def __init__(self, path: Path, expected: str, found: str) -> None:
        super().__init__(f"{path.name}: SHA-256 is {found}, metadata says {expected}")
        self.path = path
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class LoadedWeights:
    """Both networks in evaluation mode, and what identifies them."""

    coarse: HalfResolutionUNet
    fine: HalfResolutionUNet
    version: str
    sha256: str
    """SHA-256 over the digests of the stages, in order."""
    numbering: NumberingCalibration = field(default_factory=NumberingCalibration)


def load_weights(folder: Path) -> LoadedWeights:
    """Read, verify and build both networks; raises WeightsMismatch."""
    metadata: Mapping[str, Any] = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    networks = {}
    for stage in STAGES:
        described = metadata["networks"][stage]
        path = folder / described["file"]
        content = path.read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != described["sha256"]:
            raise WeightsMismatch(path, described["sha256"], found)
        network = HalfResolutionUNet(len(described["classes"]), described["filters"])
        _fill(network, content)
        networks[stage] = network.eval().requires_grad_(requires_grad=False)
    digests = [metadata["networks"][stage]["sha256"] for stage in STAGES]
    fitted = metadata.get("numbering_confidence")
    numbering = NumberingCalibration() if fitted is None else NumberingCalibration.of(fitted)
    sha256 = combined_sha256(digests)
    return LoadedWeights(networks["coarse"], networks["fine"], metadata["version"], sha256, numbering)


def parameter_names(network: HalfResolutionUNet) -> list[str]:
    """Each parameter once: DynUNet registers its layers under two names."""
    return [name for name, _ in network.named_parameters()]


def _fill(network: HalfResolutionUNet, content: bytes) -> None:
    tensors = load_tensors(content)
    for name in parameter_names(network):
        network.get_parameter(name).data.copy_(tensors[name])


def combined_sha256(digests: list[str]) -> str:
    """One identity for several files."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
