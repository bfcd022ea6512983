import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.segmentation.__main__ import command_of, options_from
from tests.benchmarks.segmentation.results import as_text, keep, load
from tests.benchmarks.segmentation.simulated import append_line, read_lines
from tests.benchmarks.segmentation.weights_under_test import folds_in, weights_in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(JSON)
def test_the_text_is_the_same_json(value):
    """Line breaks change nothing that a program reads."""
    assert json.loads(as_text(value)) == value


def test_a_part_replaces_its_predecessor_only(tmp_path):
    """Parts that were not run again keep their figures and their own date."""
    file = tmp_path / "results.json"
    keep(file, "speed", {"seconds": 1}, {"date": "2026-01-01"})
    keep(file, "final", {"volumes": []}, {"date": "2026-02-02"})
    keep(file, "speed", {"seconds": 2}, {"date": "2026-03-03"})

    assert load(file) == {
        "final": {"provenance": {"date": "2026-02-02"}, "volumes": []},
        "speed": {"provenance": {"date": "2026-03-03"}, "seconds": 2},
    }


def test_a_line_cut_short_is_made_again(tmp_path):
    """A run that was killed while it wrote loses that one patient, and the file stays readable."""
    file = tmp_path / "patients.jsonl"
    append_line(file, {"seed": 1})
    append_line(file, {"seed": 2})
    file.write_bytes(file.read_bytes()[:-4])
    before = read_lines(file)
    append_line(file, {"seed": 3})

    assert before == [{"seed": 1}]
    assert read_lines(file) == [{"seed": 1}, {"seed": 3}]


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
