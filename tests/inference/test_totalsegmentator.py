import os
import re
import time
from itertools import pairwise
from pathlib import Path

import nibabel
import numpy as np
import pytest

from cds.cli.configuration import read_settings
from cds.ct.volume import CtVolume
from cds.errors import SegmenterFailed, SettingsInvalid
from cds.inference.generation import current_generation
from cds.inference.totalsegmentator import TotalSegmentator
from cds.inference.totalsegmentator_files import find_installation
from models.digital_patient import LEVELS, Structure
from models.vertebra_segmentation.grid import canonical
from tests.bone.phantom import a_series
from tests.inference.simulated import TRUSTED_LEVELS, TrueOutlines, assessed, hu_by_level
from tests.support.fake_totalsegmentator import FakeTotalSegmentator
from tests.support.real_ct import shared_ct

NAMES = {26 + number: f"vertebrae_{level}" for number, level in enumerate(LEVELS[:2:-1], start=1)} | {
    25: "sacrum",
    52: "aorta",
    79: "spinal_cord",
    86: "autochthon_left",
    98: "rib_left_12",
}
"""A part of TotalSegmentator's list: 27 is L5, 31 L1, 32 T12."""
BODY_NAMES = {1: "vertebrae_body", 2: "intervertebral_discs"}
TISSUES = {52: (Structure.AORTA,), 79: (Structure.CANAL,), 86: (Structure.PARASPINAL_MUSCLE,), 98: (Structure.RIB,)}
BONE = (Structure.BODY_CORTEX, Structure.BODY_TRABECULAR, Structure.POSTERIOR_ELEMENTS)
BODY = BONE[:2]


def total_of(scan) -> np.ndarray:
    """The truth of a simulated scan in TotalSegmentator's numbers: whole vertebrae, ribs, tissues."""
    truth = scan.truth
    labels = np.zeros(truth.structures.shape, np.uint8)
    for number, kinds in TISSUES.items():
        labels[np.isin(truth.structures, kinds)] = number
    for number, name in NAMES.items():
        if name.startswith("vertebrae_"):
            level = LEVELS.index(name.removeprefix("vertebrae_")) + 1
            labels[(truth.vertebra == level) & np.isin(truth.structures, BONE)] = number
    return labels


@pytest.fixture
def fake(tmp_path, monkeypatch) -> FakeTotalSegmentator:
    """Installed at 1.5 mm, without `vertebrae_body`, on the PATH."""
    installed = FakeTotalSegmentator(tmp_path / "totalsegmentator")
    installed.install()
    installed.on_the_path(monkeypatch)
    return installed


def broken(tmp_path, monkeypatch, behaviour: str) -> FakeTotalSegmentator:
    """Installed, but it does this before it answers."""
    installed = FakeTotalSegmentator(tmp_path / "broken", behaviour=behaviour)
    installed.install()
    installed.on_the_path(monkeypatch)
    return installed


def segmenter(choice: str = "totalsegmentator", **options) -> TotalSegmentator:
    """Whatever is installed."""
    return TotalSegmentator(find_installation(choice), **options)


def test_levels_and_hu_are_those_of_the_patient(fake, scan, volume):
    """Task `total` alone: posterior elements come off, HU within 3 of those in the true outlines, ribs anchor names."""
    fake.will_answer("total", total_of(scan), scan.affine_lps, NAMES)

    assessment = assessed(volume, segmenter())
    found, true = hu_by_level(assessment), hu_by_level(assessed(volume, TrueOutlines(scan)))

    for level in TRUSTED_LEVELS:
        assert found[level] == pytest.approx(true[level], abs=3), level
    assert assessment.numbering_confidence == 0.7
    assert assessment.contrast.state == "none"


def test_task_vertebrae_body_is_used_where_it_is_installed(fake, scan, volume):
    """The body is what both tasks agree on; without it the opening removes the posterior elements as well."""
    fake.will_answer("total", total_of(scan), scan.affine_lps, NAMES)
    fake.will_answer("vertebrae_body", np.isin(scan.truth.structures, BODY), scan.affine_lps, BODY_NAMES)
    opened = {body.level: body for body in segmenter().segment(volume).bodies}
    fake.install_bodies()
    exact = {body.level: body for body in segmenter().segment(volume).bodies}

    assert [call["task"] for call in fake.calls] == ["total", "total", "vertebrae_body"]
    for level in ("T12", "L1", "L2"):
        truth_ml = scan.truth.body_mask(level).sum() * 8 / 1000
        assert _volume_ml(exact[level]) == pytest.approx(truth_ml, rel=0.04)
        assert _volume_ml(opened[level]) == pytest.approx(truth_ml, rel=0.2)


def test_it_is_called_as_its_manual_says_and_stays_quiet(fake, scan, volume, monkeypatch):
    """Multilabel output, the device asked for, no statistics sent, none of our settings seen, nothing left behind."""
    monkeypatch.setenv("OSTEOCDS_DATABASE_URL", "postgresql://user:secret@host/db")
    fake.will_answer("total", total_of(scan), scan.affine_lps, NAMES)

    segmenter(device="cpu").segment(volume)

    (call,) = fake.calls
    assert (call["task"], call["fast"], call["device"], call["multilabel"]) == ("total", False, "cpu", True)
    assert call["statistics"] is False
    assert call["ours"] == []
    assert call["weights"] == str(fake.weights)
    assert not Path(call["folder"]).exists()


def test_the_scan_it_gets_is_ours(fake, scan, volume):
    """Voxels in HU, in their place in RAS, and nothing of the patient."""
    fake.will_answer("total", total_of(scan), scan.affine_lps, NAMES)
    segmenter().segment(volume)
    given = fake.scan_given

    assert np.array_equal(np.asarray(given.dataobj).transpose(2, 1, 0), scan.hu)
    assert given.affine @ [0, 0, 0, 1] == pytest.approx([-1, -1, 1, 1] * (scan.affine_lps @ [0, 0, 0, 1]))
    assert b"SIMULATED" not in given.header.binaryblock


def test_fast_is_another_segmenter(fake, scan, volume):
    """`totalsegmentator-fast`: other weights, another name, the option that goes with it."""
    fake.install(fast=True)
    fake.will_answer("total", total_of(scan), scan.affine_lps, NAMES)
    fast, full = segmenter("totalsegmentator-fast"), segmenter()
    fast.segment(volume)

    assert fake.calls[0]["fast"]
    assert fast.name == "TotalSegmentator 2.18.0 total fast"
    assert fast.name != full.name
    assert fast.weights_sha256 != full.weights_sha256


@pytest.mark.usefixtures("fake")
def test_web_process_and_worker_agree():
    """What is told from files is what the worker reports."""
    generation, loaded = current_generation(None, segmenter="totalsegmentator"), segmenter()

    assert (generation.segmenter, generation.weights_sha256) == (loaded.name, loaded.weights_sha256)


def test_without_the_command_the_setting_is_refused(tmp_path, monkeypatch):
    """Not installed: told when settings are read, with what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("OSTEOCDS_SEGMENTER", "totalsegmentator")

    with pytest.raises(SettingsInvalid, match=r"OSTEOCDS_SEGMENTER: there is no command TotalSegmentator .* install"):
        read_settings()


@pytest.mark.parametrize(("choice", "dataset"), [("totalsegmentator", 291), ("totalsegmentator-fast", 297)])
def test_without_weights_the_setting_is_refused(tmp_path, monkeypatch, choice, dataset):
    """It would fetch them from the network at the first patient; they are asked for before."""
    FakeTotalSegmentator(tmp_path / "bare").on_the_path(monkeypatch)
    monkeypatch.setenv("OSTEOCDS_SEGMENTER", choice)

    with pytest.raises(SettingsInvalid, match=rf"no weights Dataset{dataset}_.*totalseg_download_weights"):
        read_settings()


@pytest.mark.parametrize(
    ("version", "words"), [("1.5.7", "is version 1.5.7; 2.0 or newer"), ("none at all", "is version none at all")]
)
def test_a_version_too_old_is_refused(tmp_path, monkeypatch, version, words):
    """Version 1 has other labels."""
    installed = FakeTotalSegmentator(tmp_path / "old", version=version)
    installed.install()
    installed.on_the_path(monkeypatch)

    with pytest.raises(SettingsInvalid, match=words):
        find_installation("totalsegmentator")


def test_a_command_that_does_not_run_is_refused(fake):
    """Found on the PATH, but its interpreter is gone."""
    (fake.bin / "TotalSegmentator").write_text("#!/nowhere/python\n")

    with pytest.raises(SettingsInvalid, match="--version does not run"):
        find_installation("totalsegmentator")


def test_a_failure_is_told_with_its_last_line(tmp_path, monkeypatch, volume):
    """Status and message of the command; never an empty spine."""
    broken(tmp_path, monkeypatch, 'print("loading"); sys.exit("CUDA out of memory")')

    with pytest.raises(SegmenterFailed, match="status 1: CUDA out of memory"):
        segmenter().segment(volume)


def test_a_command_that_is_killed_is_told(tmp_path, monkeypatch, volume):
    """As by the kernel, when memory runs out."""
    broken(tmp_path, monkeypatch, "os.kill(os.getpid(), 9)")

    with pytest.raises(SegmenterFailed, match="status -9"):
        segmenter().segment(volume)


def test_what_takes_too_long_is_stopped_with_all_it_started(tmp_path, monkeypatch, volume):
    """After the time allowed neither it nor its own workers go on."""
    sign = tmp_path / "sign-of-life"
    child = (
        f"import time, pathlib\nwhile True: pathlib.Path({str(sign)!r}).write_text(str(time.time())); time.sleep(0.05)"
    )
    broken(tmp_path, monkeypatch, f"import subprocess; subprocess.run([sys.executable, '-c', {child!r}])")

    with pytest.raises(SegmenterFailed, match=r"longer than 3 s .* OSTEOCDS_SEGMENTER_TIMEOUT_S"):
        segmenter(timeout_s=3.0).segment(volume)

    last = sign.read_text()
    time.sleep(0.5)
    assert sign.read_text() == last


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda labels, affine: (labels[1:], affine, NAMES), "another grid"),
        (lambda labels, affine: (labels, affine + np.eye(4)[:, [0, 1, 3, 2]] * 5, NAMES), "another grid"),
        (lambda labels, affine: (labels, affine, None), "does not say what its labels mean"),
        (lambda labels, affine: (labels, affine, {1: "spleen"}), "no label is named for a vertebra"),
        (lambda labels, affine: (labels, affine, {31: "vertebrae_L1"}), "has no name"),
    ],
)
def test_answers_that_cannot_be_trusted_are_refused(fake, scan, volume, answer, words):
    """Another grid, no names, other names: nothing is measured under a guess."""
    fake.will_answer("total", *answer(total_of(scan), scan.affine_lps))

    with pytest.raises(SegmenterFailed, match=words):
        segmenter().segment(volume)


def test_no_answer_is_refused(tmp_path, monkeypatch, volume):
    """It ends well and leaves no file."""
    broken(tmp_path, monkeypatch, "sys.exit(0)")

    with pytest.raises(SegmenterFailed, match="no readable label map"):
        segmenter().segment(volume)


def test_weights_changed_between_start_and_use_are_refused(fake, scan, volume):
    """It reads its weights at each run: what would run is no longer what results are filed under."""
    fake.will_answer("total", total_of(scan), scan.affine_lps, NAMES)
    started = segmenter()
    started.segment(volume)
    checkpoint = next(fake.weights.rglob("checkpoint_final.pth"))
    checkpoint.write_bytes(b"other weights")
    os.utime(checkpoint, (1, 1))

    with pytest.raises(SegmenterFailed, match="weights of TotalSegmentator changed"):
        started.segment(volume)
    assert segmenter().weights_sha256 != started.weights_sha256


def test_weights_changed_while_it_runs_are_refused(tmp_path, monkeypatch, volume):
    """An update that lands in the middle of a run makes its answer unusable."""
    command = "next(Path(os.environ['TOTALSEG_WEIGHTS_PATH']).rglob('*.pth')).write_text('new')"
    broken(tmp_path, monkeypatch, command + "; (ready / 'total.nii.gz').touch()")

    with pytest.raises(SegmenterFailed, match="weights of TotalSegmentator changed"):
        segmenter().segment(volume)


@pytest.fixture
def real(fake):
    """The scan of `ts_example`; TotalSegmentator's own files for it lie ready, and are returned by task."""
    folder = shared_ct("ts_example")
    scan, total, bodies = (_read(folder / name) for name in ("ct", "total", "vertebrae_body_binary"))
    fake.will_answer("total", *total)
    fake.will_answer("vertebrae_body", *bodies)
    return CtVolume(scan[0].astype(np.int16), scan[1], a_series(kvp=120.0)), total


@pytest.mark.parametrize("with_bodies", [False, True])
def test_real_label_maps_are_understood(fake, real, with_bodies):
    """L1 to L3 read as the references do, with and without task `vertebrae_body`, and the names stand."""
    if with_bodies:
        fake.install_bodies()

    assessment = assessed(real[0], segmenter())

    for level, reference_hu in {"L1": 101, "L2": 114, "L3": 111}.items():
        assert hu_by_level(assessment)[level] == pytest.approx(reference_hu, abs=12), level
    assert assessment.numbering_confidence == 0.9


@pytest.mark.parametrize("shift", [-1, 1])
def test_real_label_maps_under_wrong_names_are_doubted(fake, real, shift):
    """Every vertebra called by its neighbour's name: ribs and sacrum are then elsewhere than the names say."""
    volume, (labels, affine_lps, names) = real
    levels = [f"vertebrae_{level}" for level in LEVELS][::shift]
    neighbour = dict(pairwise(levels)) | {levels[-1]: "other"}
    moved = {label: neighbour.get(name, name) for label, name in names.items()}
    fake.will_answer("total", labels, affine_lps, moved)

    assert segmenter().segment(volume).numbering_confidence == 0.3


def _read(path: Path) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    image = nibabel.load(path.with_suffix(".nii.gz"))
    texts = [each.get_content().decode() for each in image.header.extensions]
    names = {int(number): name for text in texts for number, name in re.findall(r'Key="(\d+)".*?CDATA\[(.*?)\]', text)}
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine[:, [2, 1, 0, 3]]
    stored = canonical(np.asarray(image.dataobj).transpose(2, 1, 0), affine)
    return stored.values, stored.affine_lps, names


def _volume_ml(body) -> float:
    return float((body.mask.inside > 0.5).sum() * abs(np.linalg.det(body.mask.affine_lps[:3, :3]))) / 1000
