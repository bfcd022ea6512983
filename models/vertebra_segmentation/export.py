"""Turn a training run into the weights that ship: `python -m models.vertebra_segmentation.export --run DIR`.

Writes two safetensors files (float16) and `metadata.json` with their SHA-256. Training does this at its end.
"""

import argparse
import csv
import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from safetensors.torch import save as tensors_as_bytes

from models.vertebra_segmentation.labels import COARSE_CLASSES, CORE_DEPTH_MM, FINE_CLASSES
from models.vertebra_segmentation.learner import FILTERS
from models.vertebra_segmentation.network import HU_WINDOWS, HalfResolutionUNet
from models.vertebra_segmentation.weights import METADATA_FILE, SHIPPED, parameter_names

_STAGES: Mapping[str, tuple[float, tuple[str, ...]]] = {"coarse": (4.0, COARSE_CLASSES), "fine": (2.0, FINE_CLASSES)}


def export(run: Path, target: Path, version: str) -> None:
    """Write the averaged weights of a run's last checkpoint, and their description."""
    target.mkdir(parents=True, exist_ok=True)
    networks = {}
    for stage, (spacing_mm, classes) in _STAGES.items():
        state = torch.load(run / f"{stage}.pt", weights_only=True)
        names = parameter_names(HalfResolutionUNet(len(classes), FILTERS))
        content = tensors_as_bytes({name: state["averaged"][name].half().contiguous() for name in names})
        file = f"{stage}.safetensors"
        (target / file).write_bytes(content)
        networks[stage] = {
            "file": file,
            "sha256": hashlib.sha256(content).hexdigest(),
            "classes": list(classes),
            "filters": list(FILTERS),
            "spacing_mm": spacing_mm,
            "steps": state["step"],
            "training_minutes": round(state["seconds"] / 60, 1),
            "last_training_loss": _last_loss(run, stage),
        }
    description = {
        "version": version,
        "networks": networks,
        "hu_windows": HU_WINDOWS,
        "body_core_depth_mm": CORE_DEPTH_MM,
        "axes": "slice to superior, row to posterior, column to left",
        "training": state["training"],
        "commit": _commit(),
    }
    text = json.dumps(description, indent=1) + "\n"
    (target / METADATA_FILE).write_text(text, encoding="utf-8")


def _last_loss(run: Path, stage: str) -> float | None:
    """Mean training loss of the last tenth of the points on the curve."""
    table = run / f"curve-{stage}.csv"
    if not table.exists():
        return None
    with table.open(newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    recent = losses[-max(1, len(losses) // 10) :]
    return round(sum(recent) / len(recent), 4) if recent else None


def _commit() -> str | None:
    """The commit of the training code; None outside a repository."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    return answer.stdout.strip() or None


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder that the training wrote")
    parser.add_argument("--to", type=Path, default=SHIPPED, help="folder for weights and metadata")
    parser.add_argument("--version", required=True)
    options = parser.parse_args(arguments)
    export(options.run, options.to, options.version)
    described: Mapping[str, Any] = json.loads((options.to / METADATA_FILE).read_text(encoding="utf-8"))
    for stage, network in described["networks"].items():
        Console().print(f"{stage}: {network['steps']} steps, loss {network['last_training_loss']}, {network['sha256']}")


if __name__ == "__main__":
    main()
