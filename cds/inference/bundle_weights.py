"""The weights of a bundle: read once, digested, and put into its network.

What is loaded are the very bytes that were digested. Pickled checkpoints are read with
`weights_only=True`: tensors and plain containers, never code. TorchScript (.ts) is code by nature.
"""

import hashlib
import io
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from torch import Tensor, nn

from cds.errors import SettingsInvalid
from cds.inference.bundle_files import SETTING, BundleFiles
from cds.inference.identity import sha256_of

_USUAL_NAMES = ("model.safetensors", "model.pt", "model.ts")
_WRAPPERS = ("model", "state_dict", "network", "net")
_DATA_PARALLEL = "module."


def weights_in_use(bundle: BundleFiles, named: Path | None) -> Path:
    """The file that the configuration names, else the usual one, else the only one.

    Raises `SettingsInvalid` where that leaves a choice.
    """
    for path in bundle.weights:
        if named is not None and path.resolve() == named.resolve():
            return path
    usual = [bundle.folder / "models" / name for name in _USUAL_NAMES]
    present = [path for path in usual if path in bundle.weights] or list(bundle.weights)
    if len(present) > 1 and present[0] not in usual:
        shown = ", ".join(path.name for path in present)
        raise SettingsInvalid(
            f"{SETTING}: {bundle.folder} has several weights ({shown}) and its configuration names none of them; "
            "keep one in models/, or call it model.safetensors, model.pt or model.ts"
        )
    return present[0]


def read_weights(bundle: BundleFiles, used: Path) -> tuple[bytes, dict[Path, str]]:
    """The bytes of the file in use, and the digest of every weight file."""
    content = used.read_bytes()
    digests = {path: sha256_of(path) for path in bundle.weights if path != used}
    return content, {used: hashlib.sha256(content).hexdigest(), **digests}


def scripted_network(path: Path, content: bytes) -> nn.Module:
    """A TorchScript network, which needs no definition in the configuration."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch advises makers of models, not their users
            network: nn.Module = torch.jit.load(io.BytesIO(content), map_location="cpu")  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise SettingsInvalid(f"{SETTING}: {path} is no TorchScript file; download it again") from error
    return network


def fill(network: nn.Module, path: Path, content: bytes) -> None:
    """Put the weights into the network; raises `SettingsInvalid` where they do not fit it, each and all."""
    tensors = _tensors(path, content)
    expected = network.state_dict()
    missing, unexpected = sorted(expected.keys() - tensors.keys()), sorted(tensors.keys() - expected.keys())
    misshapen = [name for name in expected.keys() & tensors.keys() if expected[name].shape != tensors[name].shape]
    if missing or unexpected or misshapen:
        first = (missing or unexpected or sorted(misshapen))[0]
        raise SettingsInvalid(
            f"{SETTING}: {path} does not fit the network of its configuration: {len(missing)} tensors missing, "
            f"{len(unexpected)} unexpected, {len(misshapen)} of another shape, such as {first}"
        )
    network.load_state_dict(tensors)


def _tensors(path: Path, content: bytes) -> dict[str, Tensor]:
    """Name to tensor."""
    try:
        if path.suffix == ".safetensors":
            found: Any = load_tensors(content)
        else:
            found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError, SafetensorError) as error:
        raise SettingsInvalid(
            f"{SETTING}: {path} holds more than tensors, or is damaged, and was not loaded; "
            "save the state_dict of the network, as .pt or .safetensors (TorchScript is called .ts)"
        ) from error
    for wrapper in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
            break
    if not isinstance(found, Mapping) or not all(isinstance(each, Tensor) for each in found.values()):
        raise SettingsInvalid(f"{SETTING}: {path} holds no state_dict")
    return {str(name).removeprefix(_DATA_PARALLEL): tensor for name, tensor in found.items()}
