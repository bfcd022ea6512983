import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from monai.data.meta_tensor import MetaTensor

from cds.bone.anatomy import VertebralLevel
from cds.ct.volume import CtVolume
from cds.errors import SegmenterFailed, SettingsInvalid
from cds.inference.bundle import BundleSegmenter, as_label_map
from cds.inference.bundle_files import read_bundle
from cds.inference.generation import current_generation
from cds.inference.segmenter import NetworkSegmenter
from cds.ports import VertebraSegmenter
from tests.bone.phantom import a_series
from tests.inference.simulated import TRUSTED_LEVELS, TrueOutlines, assessed, hu_by_level, volume_of
from tests.support.bundle_builder import block_bundle, spine_bundle


@pytest.fixture(scope="module")
def spine_folder(scan, tmp_path_factory):
    """A bundle that knows the simulated patient."""
    return spine_bundle(tmp_path_factory.mktemp("bundles") / "spine", scan)


@pytest.fixture(scope="module")
def segmenter(spine_folder) -> VertebraSegmenter:
    """That bundle, loaded."""
    return loaded(spine_folder)


@pytest.fixture(scope="module")
def assessment(segmenter, volume):
    """What comes of it."""
    return assessed(volume, segmenter)


def loaded(folder) -> BundleSegmenter:
    """On the CPU."""
    return BundleSegmenter.load(read_bundle(folder), device="cpu")


@pytest.fixture
def block() -> CtVolume:
    """A block of bone of 36 x 30 x 42 mm in soft tissue, voxels of 1.5 mm."""
    hu = np.full((60, 60, 60), 40, np.int16)
    hu[20:44, 18:38, 16:44] = 200
    affine = np.array([[0, 0, 1.5, -40.0], [0, 1.5, 0, -50.0], [1.5, 0, 0, -300.0], [0, 0, 0, 1.0]])
    return CtVolume(hu, affine, a_series())


def test_bodies_are_named_and_placed(segmenter, scan, volume):
    """Every whole body of the simulated patient under its own name, its centre within 3 mm of the truth."""
    whole = [body for body in segmenter.segment(volume).bodies if not body.cut_by_border]

    assert [body.level for body in whole] == [each.level for each in scan.truth.vertebrae if not each.cut_by_border]
    for body in whole:
        assert body.centre_lps_mm == pytest.approx(scan.truth.of(body.level.value).centre_lps_mm, abs=3)


def test_hu_are_those_of_the_patient(assessment, scan, volume):
    """Downstream everything is as with other segmenters: HU within 3 of those in the true outlines, L1 and L2 used."""
    found, true = hu_by_level(assessment), hu_by_level(assessed(volume, TrueOutlines(scan)))

    for level in TRUSTED_LEVELS:
        assert found[level] == pytest.approx(true[level], abs=3), level
    assert assessment.levels_used == ("L1", "L2")
    assert assessment.contrast.state == "none"


def test_it_measures_as_the_shipped_networks_do(assessment, volume):
    """Two segmenters, one rule of measurement: the densities of L1 and L2 differ by less than 8 mg/cm3."""
    ours = assessed(volume, NetworkSegmenter.load(device="cpu"))

    assert assessment.vbmd_mg_cm3 == pytest.approx(ours.vbmd_mg_cm3, abs=8)


def test_names_with_landmarks_stand_and_without_are_ambiguous(assessment, scan, volume, tmp_path):
    """Ribs that end at T12 carry the names; a bundle without ribs gives values, flagged, and no more certainty."""
    bare = assessed(volume, loaded(spine_bundle(tmp_path / "bare", scan, landmarks=False)))

    assert "level-ambiguous" not in assessment.flags
    assert "level-ambiguous" in bare.flags
    assert bare.status == "assessed"


def test_a_bundle_that_names_all_one_level_off_is_flagged(scan, volume, tmp_path):
    """Names shifted by one fit each other, but not the ribs."""
    levels = [*scan.truth.levels, "L5"]
    down = {f"vertebrae_{level}": f"vertebrae_{below}" for level, below in pairwise(levels)}
    shifted = loaded(spine_bundle(tmp_path / "shifted", scan, rename=down))

    assert "level-ambiguous" in assessed(volume, shifted).flags


def test_a_level_the_bundle_does_not_know_is_not_there(scan, volume, tmp_path):
    """Without a label for L1 there is no L1; the other levels keep their names and stand in."""
    without = loaded(spine_bundle(tmp_path / "without", scan, rename={"vertebrae_L1": "something_else"}))
    spine = without.segment(volume)
    assessment = assessed(volume, without)

    assert VertebralLevel.L1 not in {body.level for body in spine.bodies}
    assert "L1" not in assessment.levels_used
    assert "L2" in assessment.levels_used


@pytest.mark.parametrize("pixdim", [(1.5, 2.5, 2.0), (3.0, 3.0, 3.0)])
def test_the_bundle_resamples_as_it_says(scan, volume, tmp_path, pixdim):
    """On whatever grid its network works, bodies come back in their place."""
    spine = loaded(spine_bundle(tmp_path / "other", scan, pixdim=pixdim)).segment(volume, [VertebralLevel.L2])

    assert spine.bodies[0].centre_lps_mm == pytest.approx(scan.truth.of("L2").centre_lps_mm, abs=4)


def test_a_grid_too_coarse_is_refused(block, tmp_path):
    """A bundle that works at 6 mm cannot outline what is measured 5 mm inside."""
    with pytest.raises(SegmenterFailed, match="too coarse"):
        loaded(block_bundle(tmp_path / "coarse", pixdim=(6.0, 6.0, 6.0))).segment(block)


@pytest.mark.parametrize("flipped", [(0,), (1, 2)])
def test_storage_order_of_the_scan_does_not_matter(segmenter, volume, flipped):
    """The same scan stored the other way round: the same bodies in the same places."""
    affine = volume.affine_lps.copy()
    for axis in flipped:
        affine[:3, 3] += affine[:3, axis] * (volume.hu.shape[axis] - 1)
        affine[:3, axis] *= -1
    stored = CtVolume(np.flip(volume.hu, flipped).copy(), affine, volume.series)
    found, usual = segmenter.segment(stored), segmenter.segment(volume)

    assert [body.level for body in found.bodies] == [body.level for body in usual.bodies]
    for body, expected in zip(found.bodies, usual.bodies, strict=True):
        assert body.centre_lps_mm == pytest.approx(expected.centre_lps_mm, abs=0.2)


def test_nothing_is_found_where_nothing_is(segmenter, volume):
    """A scan of air has no bodies, and nothing is claimed about names."""
    air = CtVolume(np.full_like(volume.hu, -1000), volume.affine_lps.copy(), volume.series)
    spine = segmenter.segment(air)

    assert (spine.bodies, spine.numbering_confidence) == ((), 0.0)


def test_a_convolution_of_the_model_zoo_layout(block, tmp_path):
    """Sliding windows, softmax and argmax as configured: the block is L1, its borders to a voxel."""
    names = {0: "background", 1: "L1_body"}
    (body,) = loaded(block_bundle(tmp_path / "block", names, pixdim=(1.5, 1.5, 1.5))).segment(block).bodies

    assert body.level == "L1"
    assert body.centre_lps_mm == pytest.approx((-40 + 1.5 * 29.5, -50 + 1.5 * 27.5, -300 + 1.5 * 31.5), abs=0.1)
    assert float((body.mask.inside > 0.5).sum()) == pytest.approx(24 * 20 * 28, rel=0.02)


@pytest.mark.parametrize(
    "postprocessing",
    [
        None,
        {"_target_": "Compose", "transforms": [{"_target_": "Activationsd", "keys": "pred", "softmax": True}]},
        {"_target_": "Compose", "transforms": [{"_target_": "AsDiscreted", "keys": "pred", "argmax": True}]},
    ],
)
def test_postprocessing_may_stop_early(block, tmp_path, postprocessing):
    """Logits, probabilities or labels: the largest channel counts."""
    folder = block_bundle(
        tmp_path / "early", {0: "background", 1: "L1_body"}, config={"postprocessing": postprocessing}
    )

    assert [each.level for each in loaded(folder).segment(block).bodies] == ["L1"]


def test_a_loader_that_adds_the_channel_is_understood(block, tmp_path):
    """`LoadImaged` with `ensure_channel_first`, as newer bundles have it, and no transform of its own for that."""
    folder = block_bundle(tmp_path / "newer", {0: "background", 1: "L1_body"})
    path = folder / "configs" / "inference.json"
    config = json.loads(path.read_text())
    transforms = config["preprocessing"]["transforms"]
    transforms[0]["ensure_channel_first"] = True
    config["preprocessing"]["transforms"] = [each for each in transforms if each["_target_"] != "EnsureChannelFirstd"]
    path.write_text(json.dumps(config))

    assert [each.level for each in loaded(folder).segment(block).bodies] == ["L1"]


def test_yaml_serves_as_well(block, tmp_path):
    """configs/inference.yaml in place of .json."""
    folder = block_bundle(tmp_path / "yaml", {0: "background", 1: "L1_body"})
    path = folder / "configs" / "inference.json"
    path.rename(path.with_suffix(".yaml"))  # JSON is YAML

    assert [each.level for each in loaded(folder).segment(block).bodies] == ["L1"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"network_def": {"_target_": "torch.nn.Conv3d", "in_channels": 1, "out_channels": 2, "kernel_size": 3}},
            "fit",
        ),
        ({"network_def": {"_target_": "NoSuchNetwork"}}, "network_def"),
        ({"network_def": None}, "network_def"),
        ({"preprocessing": None}, "no preprocessing"),
        ({"preprocessing": {"_target_": "Compose", "transforms": [{"_target_": "NoSuchd"}]}}, "preprocessing"),
        ({"inferer": {"_target_": "SlidingWindowInferer", "no_such_option": 1}}, "inferer"),
    ],
)
def test_a_bundle_that_cannot_be_built_says_which_part(tmp_path, changes, words):
    """Refused when the worker starts, by the name of its part, not at the first patient."""
    folder = block_bundle(tmp_path / "broken", config=changes)

    with pytest.raises(SettingsInvalid, match=words):
        loaded(folder)


def test_metadata_of_other_weights_is_noticed(block, tmp_path):
    """A network with more channels than the metadata describes: its names are not those of its labels."""
    folder = block_bundle(tmp_path / "fewer", {0: "background", 1: "L1", 2: "L2"})
    path = folder / "configs" / "metadata.json"
    path.write_text(path.read_text().replace('"2": "L2"', '"1": "L2"').replace('"1": "L1",', ""))

    with pytest.raises(SegmenterFailed, match="3 channels, its metadata describes 2"):
        loaded(folder).segment(block)


def test_another_grid_is_noticed(block, tmp_path):
    """A network that answers at half the resolution: where its labels lie is not guessed."""
    definition = {"_target_": "torch.nn.Conv3d", "in_channels": 1, "out_channels": 2, "kernel_size": 1, "stride": 2}
    changes = {"network_def": definition, "inferer": {"_target_": "SimpleInferer"}}

    with pytest.raises(SegmenterFailed, match="on the grid of the image"):
        loaded(block_bundle(tmp_path / "half", config=changes)).segment(block)


def test_what_breaks_while_it_runs_is_reported(block, tmp_path):
    """The bundle's own error, its kind and first line; never an empty spine."""
    crop = {"_target_": "Lambdad", "keys": "image", "func": "$lambda image: 1 / 0"}
    broken = {"_target_": "Compose", "transforms": [{"_target_": "LoadImaged", "keys": "image"}, crop]}

    with pytest.raises(SegmenterFailed, match="broke on this CT"):
        loaded(block_bundle(tmp_path / "zero", config={"preprocessing": broken})).segment(block)


def test_web_process_and_worker_agree(segmenter, spine_folder):
    """What is told from files alone is what the worker has loaded."""
    generation = current_generation(None, segmenter=str(spine_folder))

    assert (generation.segmenter, generation.weights_sha256) == (segmenter.name, segmenter.weights_sha256)


def test_the_names_of_the_axes_are_those_of_loaders():
    """A tie, as where no channel speaks, is background; one channel is a label map already."""
    one_hot = torch.tensor([[0.0, 0.2], [0.0, 0.8]])[:, :, None, None]

    assert as_label_map(MetaTensor(one_hot)).ravel().tolist() == [0, 1]
    assert as_label_map(torch.tensor([[0.0, 3.0]])[:, :, None, None]).ravel().tolist() == [0, 3]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
def test_a_bundle_measures_the_same_on_cuda(spine_folder, scan):
    """The densities of CPU and CUDA agree within 0.5 mg/cm3 at every level."""
    volume = volume_of(scan)
    on_cpu, on_cuda = (
        {each.level: each.vbmd_mg_cm3 for each in assessed(volume, segmenter).levels}
        for segmenter in (loaded(spine_folder), BundleSegmenter.load(read_bundle(spine_folder), device="cuda"))
    )

    assert on_cuda == pytest.approx(on_cpu, abs=0.5)
