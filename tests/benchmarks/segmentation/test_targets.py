from tests.benchmarks.segmentation.figures import figures_of, spread
from tests.benchmarks.segmentation.strata import by_stratum, failures, summary
from tests.benchmarks.segmentation.tables import tables_of
from tests.benchmarks.segmentation.targets import lines, unseen_volumes


def a_volume(name="chest", *, weights="final", seen=False, numbering="certain", ambiguous=False, rows=()):
    """One result on real CT."""
    return {
        "volume": name,
        "weights": weights,
        "seen_in_training": seen,
        "numbering": numbering,
        "labelled": True,
        "level_ambiguous": ambiguous,
        "numbering_confidence": 0.9,
        "status": "assessed",
        "vbmd_mg_cm3": 80.0,
        "levels_used": ["L1"],
        "reasons": [],
        "bodies": list(rows),
    }


def a_row(verdict="right", **facts):
    """One scored body."""
    return {"verdict": verdict, "true_level": "L1", "found_level": "L1"} | facts


def a_patient(*rows, **facts):
    """One simulated patient."""
    usual = {
        "seed": 500_000,
        "range": "T1-L2",
        "whole_levels": ["T1", "T2", "T3", "T10", "T11", "T12", "L1"],
        "slice_thickness_mm": 2.0,
        "noise_hu": 20.0,
        "contrast": "none",
        "kvp": 120.0,
        "water_path_cm": 28.0,
        "narrow_field": False,
        "variants": [],
        "status": "assessed",
        "level_ambiguous": False,
        "numbering_confidence": 0.9,
        "bodies": list(rows),
    }
    return usual | facts


def _line(results, what):
    return next(line for line in lines(results) if line.what.startswith(what))


def _part(*volumes):
    return {"provenance": {"date": "2026-01-01", "commit": "abc"}, "volumes": list(volumes)}


def test_nothing_measured_meets_nothing():
    """Without results no target is met, and none is missed."""
    assert {line.met for line in lines({})} == {None}


def test_scans_seen_in_training_do_not_count():
    """Their figures are shown in their own table and enter no target."""
    seen = a_volume("seen", seen=True, rows=[a_row(dice=0.99)])
    unseen = a_volume("unseen", rows=[a_row(dice=0.80)])
    line = _line({"final": _part(seen, unseen)}, "unseen real CT: Dice")

    assert line.met is False
    assert line.measured == "0.8 (1 bodies)"


def test_the_fold_stands_for_the_volume_it_left_out():
    """The final weights' result on the same volume does not count twice."""
    results = {"left_out": _part(a_volume(weights="fold 1")), "final": _part(a_volume(), a_volume("other"))}

    assert [(row["volume"], row["weights"]) for row in unseen_volumes(results)] == [
        ("chest", "fold 1"),
        ("other", "final"),
    ]


def test_a_missed_target_says_where():
    """A wrong name on a certain volume is a miss, with the volume's name; on an ambiguous one it is not."""
    wrong = [a_row("wrong", found_level="L2")]
    results = {
        "final": _part(a_volume(rows=wrong), a_volume("crlm", numbering="ambiguous", ambiguous=True, rows=wrong))
    }
    names, ambiguity = _line(results, "unseen real CT: every level"), _line(results, "unseen real CT of ambiguous")

    assert names.met is False
    assert "chest: 1 wrong, 0 missed" in names.measured
    assert ambiguity.met is True


def test_an_invented_level_is_told_also_where_seen():
    """No result on real CT may name what is not there."""
    results = {"final": _part(a_volume(seen=True, rows=[a_row("invented")]))}

    assert _line(results, "real CT, seen or not").met is False


def test_robustness_looks_at_every_variation():
    """Stored otherwise must be identical; elsewhere a renamed level is a miss, flagged or not."""
    usual = {"lost": [], "new": [], "status": "assessed", "level_ambiguous": True, "renamed": []}
    rows = [
        usual | {"kind": "stored otherwise", "level_changes_mg_cm3": {"L1": 0.001}},
        usual | {"kind": "cropped", "level_changes_mg_cm3": {"L1": -4.0}, "renamed": ["L1 as L2"]},
    ]
    results = {"robustness": _part({"variations": rows})}

    assert _line(results, "stored in another order").met is False
    assert _line(results, "other variations: a level").measured == "1 of 1 variations, 0 of them without a flag"
    assert _line(results, "other variations: largest").measured == "4.0 mg/cm3"


def test_speed_is_held_against_its_limits():
    """Each figure has its own line."""
    product = {"segment_s": 2.0, "assess_s": 1.5, "over_idle_gb": 1.0}
    results = {"speed": {"product": product, "long_scan": {"over_idle_gb": 2.5}, "peer": {"ratio": 19.0}}}
    met = [line.met for line in lines(results)][-5:]

    assert met == [True, False, True, False, False]


def test_figures_count_names_and_spread_errors():
    """Missed bodies count against the names; cut and unlabelled ones do not count at all."""
    rows = [a_row(hu_error=-4.0), a_row(hu_error=2.0), a_row("missed"), a_row("cut"), a_row("unlabelled")]
    found = figures_of(rows)

    assert (found["bodies"], found["names_right_percent"]) == (3, 66.67)
    assert found["hu_error"]["mean"] == -1.0
    assert found["hu_error"]["mean_size"] == 3.0
    assert found["hu_error"]["max_size"] == 4.0


def test_nothing_has_no_spread():
    """No value is no figure, not zero."""
    assert spread([]) is None
    assert figures_of([])["names_right_percent"] is None


def test_every_patient_is_in_one_band_of_a_number():
    """Bands leave no gap and do not overlap; of several variants each counts."""
    patients = [a_patient(noise_hu=noise, variants=["cement", "rods"]) for noise in (5.0, 15.0, 29.9, 30.0, 200.0)]
    groups = by_stratum(patients)

    assert sum(group["patients"] for group in groups["noise"].values()) == len(patients)
    assert groups["noise"]["15 to below 30 HU"]["patients"] == 2
    assert list(groups["noise"]) == ["0 to below 15 HU", "15 to below 30 HU", "30 to below 50 HU", "50 HU and more"]
    assert set(groups["variants"]) == {"cement", "rods"}


def test_a_wrong_name_without_a_flag_is_the_dangerous_one():
    """Wrong rows are counted apart where a value is reported without doubt."""
    wrong = a_row("wrong")
    found = summary([a_patient(wrong), a_patient(wrong, level_ambiguous=True), a_patient(a_row())])

    assert (found["rows_wrong_unflagged"], found["rows_all_right"]) == (1, 1)


def test_failures_tell_which_patient_and_what():
    """Names and densities that are off are listed with the seed; the rest is not."""
    patients = [a_patient(a_row(hu_error=1.0)), a_patient(a_row(hu_error=-12.0), a_row("missed"), seed=7)]
    (failed,) = failures(patients)

    assert failed["seed"] == 7
    assert failed["bodies"] == ["L1 right L1, -12.0 HU", "L1 missed L1"]


def test_variations_are_summed_up_by_kind():
    """Each kind has a row; a density counts for the patient only where the same levels were used."""
    usual = {"kind": "cropped", "name": "x", "lost": [], "new": [], "renamed": [], "status": "assessed"}
    usual |= {"level_ambiguous": False, "level_changes_mg_cm3": {"L1": -2.0}, "levels_used": ["L1"]}
    rows = [
        usual | {"vbmd_change_mg_cm3": 9.0, "same_levels_used": False},
        usual | {"vbmd_change_mg_cm3": -1.5, "same_levels_used": True},
    ]
    tables = {table.title: table for table in tables_of({"robustness": _part({"volume": "chest", "variations": rows})})}
    kinds = next(table for title, table in tables.items() if "by kind" in title)

    assert [list(column.cells) for column in kinds.columns] == [
        ["cropped"],
        ["2"],
        ["0"],
        ["0"],
        ["0"],
        ["2.00"],
        ["1.50"],
    ]


def test_partial_results_make_tables():
    """Whatever parts are there are shown; the targets always."""
    volumes = _part(a_volume(rows=[a_row(dice=0.9, hu=80.0, refused=("noisy",))]))
    titles = [table.title for table in tables_of({"final": volumes})]

    assert titles[0] == "real CT by the final weights (2026-01-01, commit abc)"
    assert titles[-1] == "targets"
