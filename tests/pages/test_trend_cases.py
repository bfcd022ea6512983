"""The measured CTs of a simulated patient beside each other: what is called a change, and what is not compared."""

import re
from dataclasses import replace

import pytest

from cds.bone.anatomy import VertebralLevel
from cds.bone.corrected_column import Change
from cds.correction import Correction
from cds.pages.report_document import Illustrated
from cds.pages.trend_view import MOST_SHOWN
from tests.support import report_cases
from tests.support.assessments import a_patient
from tests.support.page_reading import DOCUMENTS, read
from tests.support.pictures import PICTURES
from tests.support.report_cases import a_ct, results_of


def test_a_change_over_six_years_is_called_between_calibrated_scanners():
    """25 down in six years is more than 2.77 combined standard errors (10); the contrast CT between is left out."""
    history = report_cases.six_years()

    text = read(history[-1], history)

    assert "25 mg/cm3 lower on 14 Sep 2025 than on 1 May 2019: more than measurement error explains." in text
    assert re.search(
        "1 May 2019 101 96-106 measured .* \N{MINUS SIGN}25 mg/cm3 from the earlier to the later: a change", text
    )
    assert "1 Jun 2022 95 65-100 upper estimate" in text
    assert "not compared: contrast medium raises a reading" in text
    assert re.search("14 Sep 2025 76 71-81 measured .* this report", text)


def test_values_that_a_reader_corrected_are_marked_among_the_others():
    """The corrected CT alone, whether the page is about it or about a later one."""
    first, second, last = report_cases.six_years()
    change = Change(((VertebralLevel("L2"), "fracture"),))
    correction = Correction(change, "Dr. Ann Reader", "Old.", last.measured_at, 1, first.assessment, first.generation)
    first = replace(first, correction=correction)

    for shown in (first, last):
        text = read(shown, (first, second, last))
        assert re.search("1 May 2019 101 96-106 measured, corrected by a reader", text)
        assert text.count("corrected by a reader") == 1
    assert "已由阅片者更正" in read(last, (first, second, last), "zh-Hans")


def test_the_trend_is_drawn_with_its_scanner_changes():
    """Three marks, two changes of scanner, the contrast CT as a triangle, this one ringed."""
    history = report_cases.six_years()

    html = DOCUMENTS.report(Illustrated(history[-1], history, PICTURES), "en").html
    chart = html[html.index('aria-labelledby="trend-title"') :]
    chart = chart[: chart.index("</svg>")]

    assert chart.count('class="point"') == 2
    assert chart.count('class="point hollow"') == 1
    assert chart.count('class="scanner"') == 2
    assert chart.count('class="ring"') == 1


def test_scanners_that_are_not_calibrated_are_never_compared():
    """Whatever the difference; the same machine by serial number is."""
    elsewhere = results_of(*(a_ct(day, v, calibrated=False, serial=s) for day, v, s in _TWO))
    same = results_of(*(a_ct(day, v, calibrated=False) for day, v, _ in _TWO))

    assert "not compared: different scanners, not both calibrated" in read(elsewhere[1], elsewhere)
    assert "\N{MINUS SIGN}90 mg/cm3 from the earlier to the later: a change" in read(same[1], same)


_TWO = [
    (report_cases.date(2019, 5, 1), 150.0, "SN-1"),
    (report_cases.date(2025, 9, 14), 60.0, "SN-2"),
]


@pytest.mark.parametrize(
    ("values", "headline", "beside"),
    [
        (
            (90.0, 81.7),  # 8.3, and more than 7.8 is a change: both round to 8
            "8.3 mg/cm3 lower on 14 Sep 2025 than on 1 May 2019: more than measurement error explains.",
            "\N{MINUS SIGN}8.3 mg/cm3 from the earlier to the later: a change (more than 7.8)",
        ),
        (
            (90.0, 97.8),
            "No change is shown from 1 May 2019 to 14 Sep 2025: +8 mg/cm3 may be measurement error.",
            "+8 mg/cm3 from the earlier to the later: no change shown (it takes more than 8)",
        ),
        (
            (90.0, 89.7),
            "No change is shown from 1 May 2019 to 14 Sep 2025: 0 mg/cm3 may be measurement error.",
            "0 mg/cm3 from the earlier to the later: no change shown (it takes more than 8)",
        ),
        (
            (60.0, 89.7),
            "30 mg/cm3 higher on 14 Sep 2025 than on 1 May 2019: more than measurement error explains.",
            "+30 mg/cm3 from the earlier to the later: a change (more than 8)",
        ),
    ],
)
def test_a_difference_is_told_with_its_direction_and_unit(values, headline, beside):
    """In the headline too, in numbers that do not contradict what is said of them, and never as minus nought."""
    days = (report_cases.date(2019, 5, 1), report_cases.date(2025, 9, 14))
    history = results_of(*(a_ct(day, value, 3.92) for day, value in zip(days, values, strict=True)))

    text = read(history[1], history)

    assert headline in text
    assert beside in text
    assert "\N{MINUS SIGN}0 " not in text


def test_the_headline_is_about_the_last_ct_that_can_be_compared():
    """That an earlier one differs all the same is said beside it."""
    cts = [(2015, 101.0), (2020, 78.0), (2025, 76.0)]
    history = results_of(*(a_ct(report_cases.date(year, 5, 1), value) for year, value in cts))

    text = read(history[-1], history)

    assert (
        "No change is shown from 1 May 2020 to 1 May 2025: \N{MINUS SIGN}2 mg/cm3 may be measurement error. "
        "Another CT differs by more than measurement error explains: see the table." in text
    )


def test_an_older_result_says_what_came_later():
    """The page of the first CT compares in order of time, too."""
    history = report_cases.six_years()

    text = read(history[0], history)

    assert re.search(
        "14 Sep 2025 76 71-81 measured .* \N{MINUS SIGN}25 mg/cm3 from the earlier to the later: a change", text
    )


def test_another_patients_results_are_not_in_the_trend():
    """Results under the same identifier with another birth date are somebody else's."""
    history = report_cases.six_years()
    strangers = [replace(each, patient=a_patient(birth_date=report_cases.date(1980, 1, 1))) for each in history[:2]]

    assert "No other CT of this patient has been measured." in read(history[-1], strangers)


def test_no_trend_rests_on_a_ct_that_was_not_confirmed_lately():
    """Neither its value nor a verdict is there; the page says that it is being checked."""
    *earlier, last = report_cases.six_years()

    alone = read(last, being_checked=earlier[:1])
    beside = read(last, earlier[1:], being_checked=earlier[:1])
    strangers = [replace(each, patient=a_patient(birth_date=report_cases.date(1980, 1, 1))) for each in earlier]

    said = "Not shown: the CT of 1 May 2019. Whether it still belongs to this patient is being checked"
    for text in (alone, beside):
        assert said in text
        assert "101" not in text
        assert "a change (" not in text
    assert "No other CT of this patient has been measured." not in alone
    assert "Not shown" not in read(last, being_checked=strangers)
    assert "No other CT of this patient has been measured." in read(last, being_checked=strangers)


def test_a_long_history_shows_the_latest_and_this_one():
    """At most six rows; the CT of the page is one of them however old it is."""
    cts = [a_ct(report_cases.date(2005 + year, 3, 1), 110.0 - year) for year in range(10)]
    history = results_of(*cts)

    text = read(history[0], history)

    rows = re.findall(r"1 Mar (\d{4}) \d+ ", text[text.index("Measured CTs of this patient") :])
    assert rows == ["2005", "2010", "2011", "2012", "2013", "2014"]
    assert len(rows) == MOST_SHOWN
