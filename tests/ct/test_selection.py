from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.ct.selection import SelectionPolicy, select_series
from tests.support.dicom_builder import a_patient, a_series, another_series

TODAY = date(2026, 6, 1)
ANY_AGE = SelectionPolicy(max_age_days=None, today=TODAY)
TWO_YEARS = SelectionPolicy(max_age_days=730, today=TODAY)


def in_one_study(**alternatives):
    """Two series of the same study: the usual one, and one with other facts."""
    return a_series(), a_series(series_uid="1.2.3", **alternatives)


def test_nothing_is_chosen_from_nothing():
    """Given no candidate, then none is chosen and none considered."""
    selection = select_series((), ANY_AGE)

    assert selection.chosen is None
    assert selection.considered == ()


def test_the_only_usable_series_is_chosen_without_a_reason():
    """Given one chest CT, then it is chosen, and nothing is held against it."""
    selection = select_series((a_series(),), TWO_YEARS)

    assert selection.chosen == a_series()
    assert selection.considered == ((a_series(), None),)


@pytest.mark.parametrize(
    ("worse", "why"),
    [
        ({"body_part": "SPINE"}, "its body part is known to include the spine"),
        ({"contrast_agent": "IV"}, "it shows less or no contrast agent"),
        ({"series_description": "Abdomen portal venous"}, "it shows less or no contrast agent"),
        ({"kernel": "B70f"}, "its reconstruction kernel is softer"),
        ({"kernel": None}, "its reconstruction kernel is softer"),
        ({"slice_thickness_mm": 5.0}, "its slice thickness is nearer to 1 to 3 mm"),
        ({"slice_thickness_mm": 0.5}, "its slice thickness is nearer to 1 to 3 mm"),
        ({"slice_thickness_mm": None}, "its slice thickness is nearer to 1 to 3 mm"),
        ({"lossy": True}, "it was stored without loss"),
        ({"instance_count": 11, "slice_thickness_mm": 1.0}, "it covers more of the body"),
        ({"instance_count": 10, "slice_thickness_mm": 3.0}, "it has more slices"),
        ({"series_number": 3}, "it comes first by its number"),
    ],
    ids=str,
)
def test_within_a_study_the_better_series_wins_and_says_why(worse, why):
    """Given two usable series that differ in one respect, then the better one is chosen for it."""
    usual, other = in_one_study(**worse)
    selection = select_series((other, usual), ANY_AGE)

    assert selection.chosen == usual
    assert selection.ranked == (usual, other)
    assert selection.considered[1][1].text == f"Another series of the same patient suits the measurement better: {why}."


def test_a_native_series_beats_one_that_does_not_say():
    """Given a series described as native, then it wins although both carry the study's contrast tag."""
    usual, native = in_one_study(series_description="Thorax nativ", contrast_agent="APPLIED")

    assert select_series((usual, native), ANY_AGE).chosen == native


def test_an_earlier_criterion_outweighs_all_later_ones():
    """Given an unenhanced sharp 5 mm series and an enhanced soft 2 mm one, then the unenhanced is chosen."""
    unenhanced = a_series(series_uid="1.2.3", kernel="B70f", slice_thickness_mm=5.0)
    enhanced = a_series(contrast_agent="IV")

    assert select_series((enhanced, unenhanced), ANY_AGE).chosen == unenhanced


def test_the_most_recent_usable_study_comes_first():
    """Given a perfect old study and a mediocre new one, then the new one is chosen and the old one named second."""
    old = another_series("old", study_date=date(2025, 1, 1))
    new = another_series("new", study_date=date(2026, 1, 1), contrast_agent="IV", kernel="B70f")
    selection = select_series((old, new), TWO_YEARS)

    assert selection.ranked == (new, old)
    assert "its study is more recent" in selection.considered[1][1].text


def test_an_unusable_newer_study_gives_way_to_an_older_one():
    """Given a head CT of today and a chest CT of last year, then the chest CT is chosen."""
    head = another_series("head", study_date=TODAY, body_part="HEAD")
    chest = another_series("chest", study_date=date(2025, 6, 1))
    selection = select_series((head, chest), TWO_YEARS)

    assert selection.chosen == chest
    assert {reason.code for _, reason in selection.considered if reason} == {"body-part-without-spine"}


@pytest.mark.parametrize(
    ("scanned", "policy", "expected"),
    [
        (date(2024, 6, 1), TWO_YEARS, None),
        (date(2024, 5, 31), TWO_YEARS, "scan-too-old"),
        (date(1999, 1, 1), ANY_AGE, None),
        (None, ANY_AGE, None),
        (None, TWO_YEARS, "scan-date-unknown"),
    ],
)
def test_a_scan_must_not_be_older_than_the_site_accepts(scanned, policy, expected):
    """Given a study date and a policy, then 730 days are accepted, 731 are not, and unknown only for any age."""
    ((_, reason),) = select_series((a_series(study_date=scanned),), policy).considered

    assert expected == (reason.code if reason else None)


def test_an_unknown_date_comes_last():
    """Given one study with a date and one without, then the one with a date is chosen."""
    undated = another_series("undated", study_date=None)
    dated = another_series("dated", study_date=date(1990, 1, 1))

    assert select_series((undated, dated), ANY_AGE).ranked == (dated, undated)


@pytest.mark.parametrize(
    "other",
    [
        {"patient_id": "PAT-2"},
        {"issuer": "SOUTH"},
        {"birth_date": date(1951, 3, 1)},
        {"sex": "male"},
    ],
    ids=str,
)
def test_nothing_is_chosen_among_images_of_two_patients(other):
    """Given candidates whose patients contradict each other, then every one is refused."""
    north = a_series(patient=a_patient(issuer="NORTH"))
    second = another_series("second", patient=a_patient(**({"patient_id": "PAT-1", "issuer": "NORTH"} | other)))
    selection = select_series((north, second), ANY_AGE)

    assert selection.chosen is None
    assert [reason.code for _, reason in selection.considered] == ["patient-ambiguous"] * 2


def test_facts_that_only_one_study_has_contradict_nothing():
    """Given an older study without birth date, sex and issuer, then both remain candidates."""
    bare = another_series("bare", patient=a_patient(birth_date=None, sex=None))
    full = another_series("full", patient=a_patient(issuer="NORTH"))

    assert len(select_series((bare, full), ANY_AGE).ranked) == 2


def studies(**sizes):
    """Ranked series by name: studies from the newest on, so many reconstructions of each."""
    candidates = [
        a_series(
            study_uid=study, series_uid=f"{study}{number}", series_number=number, study_date=date(2026, 5, 30 - age)
        )
        for age, (study, size) in enumerate(sizes.items())
        for number in range(1, size + 1)
    ]
    return select_series(candidates, ANY_AGE)


@pytest.mark.parametrize(
    ("sizes", "count", "expected"),
    [
        ({"new": 4, "old": 1}, 3, ["new1", "new2", "old1"]),
        ({"new": 4}, 3, ["new1", "new2", "new3"]),
        ({"new": 1, "old": 3}, 3, ["new1", "old1", "old2"]),
        ({"a": 5, "b": 3, "c": 1}, 9, ["a1", "a2", "b1", "b2", "c1", "a3", "a4", "b3", "a5"]),
        ({"new": 2}, 0, []),
        ({}, 3, []),
    ],
    ids=str,
)
def test_a_bad_study_does_not_use_up_all_tries(sizes, count, expected):
    """Given studies with several reconstructions, then two of one are tried before the best of the next."""
    assert [series.series_uid for series in studies(**sizes).tries(count)] == expected


candidate = st.builds(
    another_series,
    st.sampled_from(["one", "two", "three", "four", "five"]),
    study_date=st.none() | st.dates(date(2024, 1, 1), date(2026, 6, 1)),
    kernel=st.sampled_from(["B30f", "B70f", None]),
    slice_thickness_mm=st.none() | st.floats(0.5, 8),
    contrast_agent=st.sampled_from([None, "", "IV"]),
    instance_count=st.none() | st.integers(1, 600),
    kvp=st.none() | st.floats(60, 160),
    body_part=st.sampled_from(["CHEST", "HEAD", None]),
)


@given(st.lists(candidate, max_size=6), st.randoms(), st.sampled_from([ANY_AGE, TWO_YEARS]))
def test_the_order_of_the_candidates_never_matters(candidates, random, policy):
    """Given any candidates, then each is considered, all but the chosen with a reason, whatever their order."""
    selection = select_series(candidates, policy)
    shuffled = random.sample(candidates, len(candidates))

    assert select_series(shuffled, policy).ranked == selection.ranked
    assert len(selection.considered) == len(candidates)
    assert sum(reason is None for _, reason in selection.considered) == (selection.chosen is not None)


@given(st.lists(candidate, max_size=6))
def test_every_usable_series_has_its_turn(candidates):
    """Given any candidates, then the tries begin with the chosen one and are the ranked ones, each once."""
    selection = select_series(candidates, ANY_AGE)
    tries = selection.tries(len(candidates))

    assert tries[:1] == selection.ranked[:1]
    assert sorted(tries, key=selection.ranked.index) == list(selection.ranked)
