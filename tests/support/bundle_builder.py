"""MONAI bundles as the model zoo lays them out, with networks small enough to be written by hand."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import torch
from monai.data.meta_tensor import MetaTensor
from monai.transforms import Compose, Orientationd, Spacingd
from torch import nn

from models.digital_patient import LEVELS, SimulatedScan, Structure

PIXDIM = (2.0, 2.0, 2.0)
HU_WINDOW = (-200.0, 300.0)
"""Scaled to 0 ... 1 before the network."""

AIR_HU = -400.0
VERTEBRA = (
    Structure.BODY_CORTEX,
    Structure.BODY_TRABECULAR,
    Structure.POSTERIOR_ELEMENTS,
    Structure.OSTEOPHYTE,
)

ATLAS = dedent('''
    """A network that has learned one patient by heart: a label for each voxel of its grid that is not air or lung."""

    import torch
    from torch import nn


    class Atlas(nn.Module):
        def __init__(self, shape, out_channels, threshold):
            super().__init__()
            self.register_buffer("labels", torch.zeros(shape, dtype=torch.uint8))
            self.bias = nn.Parameter(torch.zeros(1))
            self.out_channels, self.threshold = out_channels, threshold

        def forward(self, image):
            here = self.labels.long() * (image[:, 0] > self.threshold)
            one_hot = nn.functional.one_hot(here, self.out_channels)
            return one_hot.movedim(-1, 1).float() * 10 + self.bias
''')


def write_bundle(
    folder: Path,
    network_def: Mapping[str, Any],
    state: Mapping[str, torch.Tensor],
    names: Mapping[int, str],
    *,
    pixdim: Sequence[float] = PIXDIM,
    scripts: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Path:
    """The folder of a bundle; `config` and `metadata` replace top-level entries, None removes one."""
    for part in ("configs", "models", "docs"):
        (folder / part).mkdir(parents=True)
    (folder / "LICENSE").write_text("made by a test\n")
    (folder / "docs" / "README.md").write_text("# A bundle made by a test\n")
    for name, text in (scripts or {}).items():
        (folder / "scripts").mkdir(exist_ok=True)
        (folder / "scripts" / name).write_text(text)
    _write_json(folder / "configs" / "metadata.json", _changed(_metadata(names), metadata))
    _write_json(folder / "configs" / "inference.json", _changed(_inference(network_def, pixdim), config))
    torch.save({"model": dict(state)}, folder / "models" / "model.pt")
    return folder


def block_bundle(folder: Path, names: Mapping[int, str] | None = None, threshold_hu: float = 120.0, **options) -> Path:
    """Calls every voxel denser than a threshold "L1"; one convolution of one voxel."""
    names = names or {0: "background", 1: "vertebrae_L1"}
    low, high = HU_WINDOW
    weight = torch.zeros(len(names), 1, 1, 1, 1)
    weight[1] = 1.0
    bias = torch.zeros(len(names))
    bias[1] = -(threshold_hu - low) / (high - low)
    definition = {"_target_": "torch.nn.Conv3d", "in_channels": 1, "out_channels": len(names), "kernel_size": 1}
    return write_bundle(folder, definition, {"weight": weight * 100, "bias": bias * 100}, names, **options)


def spine_bundle(
    folder: Path,
    scan: SimulatedScan,
    rename: Mapping[str, str] | None = None,
    *,
    landmarks: bool = True,
    pixdim: Sequence[float] = PIXDIM,
    **options,
) -> Path:
    """Knows one simulated patient: whole vertebrae by level, and as landmarks ribs, aorta and cord."""
    grid = _on_grid(scan, pixdim)
    structures = {
        f"vertebrae_{level}": (grid["vertebra"] == LEVELS.index(level) + 1) & np.isin(grid["structures"], VERTEBRA)
        for level in scan.truth.levels
    }
    if landmarks:
        tissues = {"rib_left_12": Structure.RIB, "aorta": Structure.AORTA, "spinal_cord": Structure.CANAL}
        structures |= {name: grid["structures"] == kind for name, kind in tissues.items()}
    labels = np.zeros(grid["vertebra"].shape, np.uint8)
    for channel, mask in enumerate(structures.values(), start=1):
        labels[mask] = channel
    definition = {
        "_target_": "scripts.atlas.Atlas",
        "shape": list(labels.shape),
        "out_channels": len(structures) + 1,
        "threshold": (AIR_HU - HU_WINDOW[0]) / (HU_WINDOW[1] - HU_WINDOW[0]),
    }
    names = {0: "background"} | {n: (rename or {}).get(name, name) for n, name in enumerate(structures, start=1)}
    options["config"] = {"inferer": {"_target_": "SimpleInferer"}} | dict(options.get("config") or {})
    scripts = {"__init__.py": "", "atlas.py": ATLAS}
    state = {"labels": torch.from_numpy(labels), "bias": torch.zeros(1)}
    return write_bundle(folder, definition, state, names, pixdim=pixdim, scripts=scripts, **options)


def edit_weights(folder: Path, name: str, change: float) -> None:
    """Other numbers in one tensor of models/model.pt."""
    path = folder / "models" / "model.pt"
    state = torch.load(path, weights_only=True)["model"]
    torch.save({"model": state | {name: state[name] + change}}, path)


def write_checksums(folder: Path, kind: str = "md5") -> Path:
    """A large_files.yml as the model zoo has it, true of the weights as they are."""
    digest = hashlib.new(kind, (folder / "models" / "model.pt").read_bytes()).hexdigest()
    path = folder / "large_files.yml"
    path.write_text(
        "large_files:\n- path: models/model.pt\n  url: https://example.org/model.pt\n"
        f"  hash_val: {digest}\n  hash_type: {kind}\n"
    )
    return path


def load_network(folder: Path) -> nn.Module:
    """The network of a `block_bundle`, with its weights."""
    state = torch.load(folder / "models" / "model.pt", weights_only=True)["model"]
    network = nn.Conv3d(1, len(state["bias"]), 1)
    network.load_state_dict(state)
    return network


def _on_grid(scan: SimulatedScan, pixdim: Sequence[float]) -> dict[str, np.ndarray]:
    """The truth on the network's grid, by MONAI's own transforms."""
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ scan.affine_lps
    keys = ("structures", "vertebra")
    data = {
        key: MetaTensor(torch.from_numpy(getattr(scan.truth, key).astype(np.float32))[None], affine=affine.copy())
        for key in keys
    }
    steps = [Orientationd(keys, axcodes="RAS", labels=None), Spacingd(keys, pixdim=pixdim, mode="nearest")]
    done = Compose(steps)(data)
    return {key: np.rint(done[key][0].numpy()).astype(int) for key in keys}


def _metadata(names: Mapping[int, str]) -> dict[str, Any]:
    shape = {"spatial_shape": [96, 96, 96], "dtype": "float32", "is_patch_data": True}
    return {
        "schema": "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema.json",
        "version": "0.1.0",
        "changelog": {"0.1.0": "made by a test"},
        "monai_version": "1.5.0",
        "pytorch_version": "2.7.0",
        "numpy_version": "2.0.0",
        "name": "Vertebrae made by a test",
        "task": "segmentation of vertebrae",
        "network_data_format": {
            "inputs": {
                "image": {
                    "type": "image",
                    "format": "hounsfield",
                    "modality": "CT",
                    "num_channels": 1,
                    "value_range": [0, 1],
                    "channel_def": {"0": "image"},
                    **shape,
                }
            },
            "outputs": {
                "pred": {
                    "type": "image",
                    "format": "segmentation",
                    "num_channels": len(names),
                    "value_range": [0, len(names) - 1],
                    "channel_def": {str(label): name for label, name in names.items()},
                    **shape,
                }
            },
        },
    }


def _inference(network_def: Mapping[str, Any], pixdim: Sequence[float]) -> dict[str, Any]:
    low, high = HU_WINDOW
    image = {"keys": "image"}
    return {
        "imports": ["$import glob", "$import os"],
        "bundle_root": ".",
        "output_dir": "$@bundle_root + '/eval'",
        "dataset_dir": "/workspace/data",
        "datalist": "$list(sorted(glob.glob(@dataset_dir + '/*.nii.gz')))",
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "network_def": dict(network_def),
        "network": "$@network_def.to(@device)",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", **image},
                {"_target_": "EnsureChannelFirstd", **image},
                {"_target_": "Orientationd", **image, "axcodes": "RAS"},
                {"_target_": "Spacingd", **image, "pixdim": list(pixdim), "mode": "bilinear"},
                {
                    "_target_": "ScaleIntensityRanged",
                    **image,
                    "a_min": low,
                    "a_max": high,
                    "b_min": 0.0,
                    "b_max": 1.0,
                    "clip": False,
                },
                {"_target_": "EnsureTyped", **image},
            ],
        },
        "dataset": {
            "_target_": "Dataset",
            "data": "$[{'image': i} for i in @datalist]",
            "transform": "@preprocessing",
        },
        "dataloader": {"_target_": "DataLoader", "dataset": "@dataset", "batch_size": 1, "num_workers": 0},
        "inferer": {
            "_target_": "SlidingWindowInferer",
            "roi_size": [48, 48, 48],
            "sw_batch_size": 2,
            "overlap": 0.25,
        },
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "Activationsd", "keys": "pred", "softmax": True},
                {
                    "_target_": "Invertd",
                    "keys": "pred",
                    "transform": "@preprocessing",
                    "orig_keys": "image",
                    "nearest_interp": False,
                    "to_tensor": True,
                },
                {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
                {"_target_": "SaveImaged", "keys": "pred", "output_dir": "@output_dir"},
            ],
        },
        "handlers": [{"_target_": "StatsHandler", "iteration_log": False}],
        "evaluator": {
            "_target_": "SupervisedEvaluator",
            "device": "@device",
            "val_data_loader": "@dataloader",
            "network": "@network",
            "inferer": "@inferer",
            "postprocessing": "@postprocessing",
            "val_handlers": "@handlers",
            "amp": True,
        },
        "checkpointloader": {
            "_target_": "CheckpointLoader",
            "load_path": "$@bundle_root + '/models/model.pt'",
            "load_dict": {"model": "@network"},
        },
        "initialize": ["$monai.utils.set_determinism(seed=123)", "$@checkpointloader(@evaluator)"],
        "run": ["$@evaluator.run()"],
    }


def _changed(content: dict[str, Any], changes: Mapping[str, Any] | None) -> dict[str, Any]:
    merged = content | dict(changes or {})
    return {key: value for key, value in merged.items() if value is not None}


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=4), encoding="utf-8")
