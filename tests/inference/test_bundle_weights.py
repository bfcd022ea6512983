import pickle
import shutil
import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from cds.errors import SettingsInvalid
from cds.inference.bundle import BundleSegmenter
from cds.inference.bundle_files import read_bundle
from tests.support.bundle_builder import block_bundle, edit_weights, load_network


@pytest.fixture
def folder(tmp_path):
    """A complete bundle."""
    return block_bundle(tmp_path / "bundle")


def loaded(folder) -> BundleSegmenter:
    """On the CPU."""
    return BundleSegmenter.load(read_bundle(folder), device="cpu")


def bias_of(segmenter) -> float:
    """A number that shows which weights are in use."""
    return float(segmenter._network.state_dict()["bias"][1])


def replace_weights(folder: Path, name: str) -> Path:
    """Without model.pt; where another file is to be."""
    (folder / "models" / "model.pt").unlink()
    return folder / "models" / name


class Trap:
    """What a pickle can do that tensors cannot."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self):
        """Write a file when unpickled."""
        return Path.write_text, (self._mark, "sprung")


@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"state_dict": state}, lambda s: {"model": s}])
def test_checkpoints_come_in_several_wrappings(folder, wrap):
    """A bare state_dict, or one under a usual key."""
    state = torch.load(folder / "models" / "model.pt", weights_only=True)["model"]
    torch.save(wrap(state), folder / "models" / "model.pt")

    assert bias_of(loaded(folder)) == pytest.approx(-64.0)


def test_names_of_parallel_training_are_understood(folder):
    """`module.` before each name."""
    state = torch.load(folder / "models" / "model.pt", weights_only=True)["model"]
    torch.save({f"module.{name}": tensor for name, tensor in state.items()}, folder / "models" / "model.pt")

    assert bias_of(loaded(folder)) == pytest.approx(-64.0)


def test_safetensors_serve(folder):
    """model.safetensors where there is no model.pt."""
    network = load_network(folder)
    save_file(network.state_dict(), replace_weights(folder, "model.safetensors"))

    assert bias_of(loaded(folder)) == pytest.approx(-64.0)


def test_torchscript_serves_without_a_definition(folder):
    """model.ts brings its own network."""
    network = load_network(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        traced = torch.jit.trace(network, torch.zeros(1, 1, 4, 4, 4))
        torch.jit.save(traced, replace_weights(folder, "model.ts"))

    assert bias_of(loaded(folder)) == pytest.approx(-64.0)


def test_a_pickle_with_code_is_not_run(folder, tmp_path):
    """Weights are tensors: a checkpoint that holds anything else is refused, and nothing in it runs."""
    mark = tmp_path / "mark"
    torch.save({"model": Trap(mark)}, folder / "models" / "model.pt")

    with pytest.raises(SettingsInvalid, match="holds more than tensors"):
        loaded(folder)
    assert not mark.exists()


@pytest.mark.parametrize("content", [b"", b"not weights at all", pickle.dumps({"a": 1}, 2)])
def test_damaged_weights_are_refused(folder, content):
    """By their path, with what to do."""
    (folder / "models" / "model.pt").write_bytes(content)

    with pytest.raises(SettingsInvalid, match=r"model\.pt"):
        loaded(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "model.ts"])
def test_damaged_weights_of_other_kinds_are_refused(folder, name):
    """Likewise."""
    replace_weights(folder, name).write_bytes(b"damaged")

    with pytest.raises(SettingsInvalid, match=name.replace(".", r"\.")):
        loaded(folder)


def test_weights_of_another_network_are_refused(folder):
    """Not one tensor is left at random: missing, unexpected and misshapen ones are counted."""
    state = torch.load(folder / "models" / "model.pt", weights_only=True)["model"]
    torch.save({"weight": state["weight"][:1], "other": state["bias"]}, folder / "models" / "model.pt")

    with pytest.raises(SettingsInvalid, match="1 tensors missing, 1 unexpected, 1 of another shape"):
        loaded(folder)


def test_the_configuration_says_which_weights(folder):
    """Of several files that one is loaded which `checkpointloader` names; all are in the digest."""
    before = read_bundle(folder).identity()
    shutil.copy(folder / "models" / "model.pt", folder / "models" / "a_lowres.pt")
    edit_weights(folder, "bias", 1.0)
    segmenter = loaded(folder)

    assert bias_of(segmenter) == pytest.approx(-63.0)
    assert segmenter.weights_sha256 == read_bundle(folder).identity().weights_sha256 != before.weights_sha256


def test_a_choice_of_weights_that_nobody_made_is_refused(folder):
    """Two files of other names, and a configuration that names neither."""
    shutil.move(folder / "models" / "model.pt", folder / "models" / "one.pt")
    shutil.copy(folder / "models" / "one.pt", folder / "models" / "two.pt")

    with pytest.raises(SettingsInvalid, match=r"one\.pt, two\.pt"):
        loaded(folder)


def test_weights_changed_before_loading_are_loaded_under_their_own_name(folder):
    """Between the first look and the load: what is used is what is named, never the older digest."""
    bundle = read_bundle(folder)
    before = bundle.identity()
    edit_weights(folder, "bias", 1.0)
    segmenter = BundleSegmenter.load(bundle, device="cpu")

    assert bias_of(segmenter) == pytest.approx(-63.0)
    assert segmenter.weights_sha256 != before.weights_sha256
    assert segmenter.weights_sha256 == read_bundle(folder).identity().weights_sha256


def test_weights_changed_after_loading_change_nothing(folder):
    """A loaded network and its digest stay together, whatever becomes of the file."""
    segmenter = loaded(folder)
    digest = segmenter.weights_sha256
    edit_weights(folder, "bias", 1.0)

    assert bias_of(segmenter) == pytest.approx(-64.0)
    assert segmenter.weights_sha256 == digest
