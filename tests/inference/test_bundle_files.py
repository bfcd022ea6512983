import json
import shutil
import subprocess
import sys

import pytest

from cds.cli.configuration import read_settings
from cds.errors import SettingsInvalid
from cds.inference.bundle_files import read_bundle
from cds.inference.identity import LONGEST_NAME
from tests.support.bundle_builder import block_bundle, edit_weights, write_checksums


@pytest.fixture
def folder(tmp_path):
    """A complete bundle."""
    return block_bundle(tmp_path / "bundle")


def edit_metadata(folder, **changes):
    """Other top-level entries in configs/metadata.json."""
    path = folder / "configs" / "metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def channels(names):
    """The part of the metadata that names labels."""
    return {"network_data_format": {"outputs": {"pred": {"channel_def": names}}}}


def test_a_bundle_is_read(folder):
    """Name, version, labels and weights, as its files have them."""
    bundle = read_bundle(folder)

    assert (bundle.name, bundle.version) == ("Vertebrae made by a test", "0.1.0")
    assert bundle.names == {0: "background", 1: "vertebrae_L1"}
    assert [path.name for path in bundle.weights] == ["model.pt"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (shutil.rmtree, "is no folder"),
        (lambda folder: (folder / "configs" / "metadata.json").unlink(), "metadata.json"),
        (lambda folder: (folder / "configs" / "metadata.json").write_text("{"), "metadata.json"),
        (lambda folder: (folder / "configs" / "metadata.json").write_text("[]"), "no object"),
        (lambda folder: (folder / "configs" / "inference.json").unlink(), "inference.json"),
        (lambda folder: (folder / "models" / "model.pt").unlink(), "no weights"),
        (lambda folder: edit_metadata(folder, network_data_format={}), "channel_def"),
        (lambda folder: edit_metadata(folder, **channels({"one": "vertebrae_L1"})), "channel_def"),
        (lambda folder: edit_metadata(folder, **channels({"0": "background", "1": "spleen"})), "vertebrae_L1"),
        (lambda folder: edit_metadata(folder, **channels({"0": "background", "1": "vertebrae_Q1"})), "vertebrae_Q1"),
        (lambda folder: edit_metadata(folder, **channels({"0": "L1", "1": "L2"})), "channel 0"),
        (lambda folder: edit_metadata(folder, **channels({"1": "L1", "2": "vertebrae_L1"})), "two labels"),
    ],
)
def test_what_is_wrong_is_said_with_the_setting_and_a_way_out(folder, spoil, words, monkeypatch):
    """A bundle that cannot serve is refused when settings are read: what is wrong, where, and what to do."""
    spoil(folder)
    monkeypatch.setenv("OSTEOCDS_SEGMENTER", str(folder))

    with pytest.raises(SettingsInvalid) as refused:
        read_settings()

    assert str(refused.value).startswith("OSTEOCDS_SEGMENTER")
    assert words in str(refused.value)
    assert "shipped networks" in str(refused.value)


def test_the_identity_is_that_of_the_files(folder, tmp_path):
    """A copy elsewhere is the same segmenter: neither folder nor time decides."""
    copied = shutil.copytree(folder, tmp_path / "elsewhere")

    assert read_bundle(copied).identity() == read_bundle(folder).identity()


def test_other_weights_are_another_digest(folder):
    """One number changed in the weights changes the digest and nothing else."""
    before = read_bundle(folder).identity()
    edit_weights(folder, "bias", 1e-3)
    after = read_bundle(folder).identity()

    assert after.name == before.name
    assert after.weights_sha256 != before.weights_sha256


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: edit_metadata(folder, version="0.2.0"),
        lambda folder: edit_metadata(folder, **channels({"0": "background", "1": "vertebrae_L2"})),
        lambda folder: (folder / "configs" / "inference.json").write_text("{}"),
        lambda folder: ((folder / "scripts").mkdir(), (folder / "scripts" / "net.py").write_text("x = 1\n")),
    ],
)
def test_another_configuration_is_another_name(folder, change):
    """Version, label map, preprocessing and the bundle's own code decide as the weights do: results differ by name."""
    before = read_bundle(folder).identity()
    change(folder)
    after = read_bundle(folder).identity()

    assert after.weights_sha256 == before.weights_sha256
    assert after.name != before.name


def test_a_long_name_is_cut_to_what_fits(folder):
    """The name is part of a database column and of what results are filed under: plain and short."""
    edit_metadata(folder, name="Ünusual/näme\n" + "long " * 40, version="1.2.3-" + "x" * 50)
    name = read_bundle(folder).identity().name

    assert len(name) <= LONGEST_NAME
    assert name.isprintable()
    assert "/" not in name


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_weights_that_are_not_those_of_the_bundle_are_refused(folder, kind):
    """The checksum that a bundle carries is held against its weights, whatever its kind."""
    listed = write_checksums(folder, kind)
    assert read_bundle(folder).identity()

    edit_weights(folder, "bias", 1e-3)

    with pytest.raises(SettingsInvalid, match=rf"model.pt has {kind} .* {listed.name} says"):
        read_bundle(folder).identity()


def test_unreadable_checksums_are_no_checksums(folder):
    """A damaged list is told, not passed over."""
    write_checksums(folder).write_text("large_files: [1, {")

    with pytest.raises(SettingsInvalid, match=r"large_files.yml"):
        read_bundle(folder).identity()


def test_looking_at_a_bundle_imports_no_torch(folder):
    """The web process tells which results are current without loading what the worker loads."""
    code = (
        "import sys; from cds.inference.generation import current_generation; "
        f"print(current_generation(None, segmenter={str(folder)!r}).name); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[0].startswith("bundle Vertebrae made by a test")
    assert done.stdout.splitlines()[1] == "False"
