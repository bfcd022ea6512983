import json

import pytest

from tests.benchmarks.segmentation.__main__ import command_of, options_from
from tests.benchmarks.segmentation.weights_under_test import folds_in, weights_in


def test_the_command_names_no_folder_of_the_user():
    """What is kept repeats the run, and tells nothing of the machine's folders."""
    options = options_from(["--data", "/home/me/ct", "--folds", "/a", "/b", "--only", "real,simulated"])

    expected = "--only real,simulated --data DIR --folds DIR DIR --patients 200"
    assert " ".join(command_of(options)[3:]) == expected


def test_an_unknown_part_is_refused(capsys):
    """With the parts that there are."""
    with pytest.raises(SystemExit):
        options_from(["--only", "real,reel"])
    assert "no such part: reel" in capsys.readouterr().err


def _weights(folder, **training):
    networks = {stage: {"sha256": stage} for stage in ("coarse", "fine")}
    folder.mkdir()
    text = json.dumps({"version": "9", "networks": networks, "training": training})
    (folder / "metadata.json").write_text(text, encoding="utf-8")
    return folder


def test_what_a_fold_left_out_it_has_not_seen(tmp_path):
    """Also where its metadata lists all sources."""
    folder = _weights(tmp_path / "fold", sources={"a": "x", "b": "x"}, left_out=["b"])
    (fold,) = folds_in([folder])

    assert (fold.name, fold.sources, fold.left_out) == ("fold 1", {"a"}, {"b"})


def test_weights_that_leave_nothing_out_are_no_fold(tmp_path):
    """Given as a fold by mistake, final weights would pass for unseen."""
    with pytest.raises(ValueError, match="no fold"):
        folds_in([_weights(tmp_path / "final", sources={"a": "x"})])


def test_the_shipped_weights_say_what_they_saw():
    """Their metadata names the real scans that they were trained on."""
    assert "LIDC-IDRI-0001" in weights_in("final").sources
