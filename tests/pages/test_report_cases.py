"""Each page of a simulated patient reads right, in English and in Chinese."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import PassedOver
from cds.ct.reason import because
from tests.support import report_cases
from tests.support.assessments import a_contrast_assessment, a_key, a_level, a_result, an_acquisition
from tests.support.hook_site import a_site
from tests.support.page_reading import read
from tests.support.pictures import PICTURES
from tests.support.report_cases import a_ct, results_of


async def test_a_ct_that_was_not_confirmed_lately_is_asked_about():
    """The page queues a look at the archive, and only then."""
    *earlier, last = report_cases.six_years()
    site = a_site(None)
    now = site.clock.now()
    site.store.put(replace(last, confirmed_at=now))
    site.history.results[a_key()] = [replace(each, confirmed_at=now) for each in (*earlier, last)]
    async with site.client() as client:
        fresh = await client.get(f"/reports/link-to-{last.result_id}")
        assert site.answering.looks == []
        site.history.results[a_key()][0] = replace(earlier[0], confirmed_at=now - timedelta(days=300))
        stale = await client.get(f"/reports/link-to-{last.result_id}")

    assert "a change (more than" in fresh.text
    assert "a change (more than" not in stale.text
    assert "Not shown: the CT of 1 May 2019." in stale.text
    assert [(each.patient.key, each.hook) for each in site.answering.looks] == [(a_key(), "report-page")]


def test_a_contrast_ct_is_an_upper_estimate_throughout():
    """Value, table and category; never normal, and the range is named as possible."""
    (result,) = report_cases.with_contrast()

    text = read(result)

    assert "92 mg/cm3" in text
    assert "upper estimate, 95 % interval 60-98 mg/cm3" in text
    assert "Category: may lie in the osteoporosis range" in text
    assert "The interval crosses 80: either side is possible." in text
    assert "mg/cm3, upper estimate" in text


@pytest.mark.parametrize(
    ("interval", "written", "said"),
    [
        ((66.0, 79.6), "66-79.6", "The interval does not cross 80 or 120."),
        ((66.0, 80.4), "66-80.4", "The interval crosses 80: either side is possible."),
        ((79.7, 94.6), "79.7-95", "The interval crosses 80: either side is possible."),
        ((110.2, 120.3), "110-120.3", "The interval crosses 120: either side is possible."),
        ((78.0, 122.0), "78-122", "The interval crosses 80 and 120: every range is possible."),
    ],
)
def test_the_interval_and_the_sentence_beside_it_agree(interval, written, said):
    """Both borders are named where both are crossed."""
    (result,) = results_of(a_ct(report_cases.date(2025, 9, 14), sum(interval) / 2, ci95_mg_cm3=interval))

    text = read(result)

    assert f"95 % interval {written} mg/cm3" in text
    assert said in text


def test_a_possible_fracture_is_named_first_and_its_level_left_out():
    """The reader is asked to look; the collapsed vertebra's high reading is not used, and why is said."""
    (result,) = report_cases.with_fracture()

    text = read(result)

    assert "To bear in mind L1: 33 % height loss, possible fracture, please look at the images." in text
    assert "estimated from L2-L3" in text
    left_out = text[text.index("Left out, and why") :]
    assert "L1: The height is reduced by 33 %, which suggests a fracture" in left_out


def test_a_fracture_without_a_value_is_shown_and_not_only_told():
    """Whoever is asked to look at the images has them; nothing says that nothing was measured."""
    (result,) = report_cases.fracture_without_a_value()

    text = read(result, pictures=PICTURES[:2])

    assert "Not assessable L1: The height is reduced by 46 %" in text
    assert "To bear in mind L1: 46 % height loss, possible fracture, please look at the images." in text
    assert "Mid-sagittal, along the spine" in text
    assert "Blue, dotted: outline of a vertebral body; none was used for a value." in text
    assert "nothing was measured" not in text
    assert "Yellow" not in text


async def test_pictures_of_a_fracture_without_a_value_are_asked_for():
    """Where they were purged, or measured by a version that drew none; a CT of which no vertebra is told has none."""
    (fractured,), (thick,) = report_cases.fracture_without_a_value(), report_cases.not_assessable()
    site = a_site(None)
    pages = {}
    async with site.client() as client:
        for result_id, result in (("fractured", fractured), ("thick", thick)):
            site.store.put(replace(result, result_id=result_id, confirmed_at=site.clock.now()))
            site.pictures.purged.add(result_id)
            pages[result_id] = (await client.get(f"/reports/link-to-{result_id}")).text

    assert "They are being drawn from the images in the archive" in pages["fractured"]
    assert "There are no pictures: nothing was measured in this CT." in pages["thick"]
    assert site.pictures.wishes() == ["fractured"]


def test_a_ct_that_cannot_be_assessed_says_why_and_shows_no_value():
    """No scale, no reference, no trend, no pictures; no value is not a normal finding."""
    (result,) = report_cases.not_assessable()

    text = read(result, pictures=(), standing="none")

    assert "Not assessable The slices are 7.5 mm thick; at most 5 mm can be measured." in text
    assert "No value is not a normal finding." in text
    assert "There are no pictures: nothing was measured in this CT." in text
    assert "There is no value to compare." in text
    assert "Category:" not in text


def test_a_series_that_was_tried_first_is_named():
    """Why the better-looking series was passed over."""
    ct = a_ct(report_cases.date(2025, 9, 14), 76.0, passed_over=(PassedOver("1.2.9", (because("kvp-missing"),)),))

    assert "Series 1.2.9 was tried first: The tube voltage (kVp) is not recorded" in read(results_of(ct)[0])

    dated = PassedOver("1.2.9", (because("kvp-missing"),), report_cases.date(2025, 9, 20))
    ct = replace(ct, passed_over=(dated,))
    assert "CT (20 Sep 2025), tried as well: The tube voltage (kVp) is not recorded" in read(results_of(ct)[0])


def test_every_ct_that_was_not_used_has_its_reason():
    """The newest first, the same of several once; localizers only where nothing else is of that day."""
    own, newer, older = report_cases.date(2025, 9, 14), report_cases.date(2025, 12, 3), report_cases.date(2024, 5, 3)
    thick, softer = because("slices-too-thick", thickness_mm=7.5, maximum_mm=5.0), "its reconstruction kernel is softer"
    not_tried = (
        PassedOver("1.1", (because("better-series", why=softer),), own),
        PassedOver("1.2", (because("localizer"),), own),
        PassedOver("2.1", (thick,), newer),
        PassedOver("2.2", (thick,), newer),
        PassedOver("2.3", (because("localizer"),), newer),
        PassedOver("3.1", (because("localizer"),), older),
        PassedOver("3.2", (thick,), report_cases.date(2023, 1, 2)),
        PassedOver("4.1", (because("kvp-missing"),), None),
    )
    result = results_of(a_ct(own, 76.0, not_tried=not_tried))[0]

    text, chinese = read(result), read(result, language="zh-Hans")

    told = text[text.index("Left out, and why") : text.index("Beside people")]
    assert told.split("why", 1)[1].strip() == (
        "This CT, other series: Another series of the same patient suits the measurement better: "
        "its reconstruction kernel is softer. "
        "CT (3 Dec 2025, 2 Jan 2023): The slices are 7.5 mm thick; at most 5 mm can be measured. "
        "CT (3 May 2024): The series is a localizer (scout view). "
        "CT (date unknown): The tube voltage (kVp) is not recorded, so density cannot be calibrated."
    )
    assert "softer" not in chinese
    assert "其重建核较软" in chinese


def test_of_many_cts_that_were_not_used_the_newest_are_told():
    """And of how many more reasons there is no line."""
    days = [report_cases.date(2010 + number, 1, 1) for number in range(10)]
    not_tried = tuple(PassedOver(f"1.{day}", (because("kvp-outside", kvp=day.year),), day) for day in days)

    text = read(results_of(a_ct(report_cases.date(2025, 9, 14), 76.0, not_tried=not_tried))[0])

    assert re.findall(r"CT \(1 Jan (\d+)\):", text) == ["2019", "2018", "2017", "2016", "2015", "2014"]
    assert "... and 4 more." in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({}, "below the mean of people of this age and sex among Chinese-American", id="compared"),
        pytest.param({"z_score": None, "population": None}, "this site named no reference population", id="not named"),
        pytest.param({"population": "elsewhere-2030"}, "Z-score 0.0, population elsewhere-2030.", id="unknown here"),
    ],
)
def test_the_reference_names_its_people_or_says_why_there_is_none(change, said):
    """Never a comparison with people who are not named."""
    z = {"z_score": -0.7} if not change else {"z_score": 0.04}
    text = read(results_of(a_ct(report_cases.date(2025, 9, 14), 59.0, **(z | change)))[0])

    assert said in text


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"build": a_contrast_assessment}, "Not compared: contrast medium raises the reading."),
        ({"flags": ("thoracic-estimate",)}, "Not compared: an estimate from thoracic vertebrae is too uncertain."),
        ({"flags": ("level-ambiguous",)}, "Not compared: the vertebrae may be named one level too high or too low."),
    ],
)
def test_where_the_measurement_forbids_a_comparison_the_site_is_not_blamed(facts, said):
    """Whatever population it named."""
    nothing = {"z_score": None, "population": None}

    assert said in read(results_of(a_ct(report_cases.date(2025, 9, 14), 76.0, **(nothing | facts)))[0])


def test_what_is_true_of_every_vertebra_is_said_once():
    """What is true of one stands in its row."""
    of_all, of_one = "The body is cut by the field of view", "Image noise widens the interval."
    levels = (
        a_level(VertebralLevel.L1, flags=("fov-truncated",)),
        a_level(VertebralLevel.L2, flags=("fov-truncated", "noisy")),
    )

    text = read(
        results_of(a_ct(report_cases.date(2025, 9, 14), 76.0, flags=("fov-truncated", "noisy"), levels=levels))[0]
    )

    assert text.count(of_all) == 1
    assert text.count(of_one) == 2


def test_an_old_ct_is_dated_in_years():
    """Beyond two of them."""
    acquisition = an_acquisition(study_date=report_cases.date(2019, 5, 14), scan_age_days=2755)

    assert "CT of 14 May 2019, 7.5 years before the measurement" in read(
        results_of(a_ct(report_cases.date(2019, 5, 14), 76.0, acquisition=acquisition))[0]
    )


@pytest.mark.parametrize(
    "case",
    [
        *(report_cases.six_years, report_cases.with_contrast, report_cases.with_fracture),
        *(report_cases.fracture_without_a_value, report_cases.not_assessable),
    ],
)
def test_chinese_pages_are_chinese(case):
    """Apart from names of scanners, methods and papers no English sentence is left, and the review is asked for."""
    results = case()

    text = read(results[-1], results, "zh-Hans")

    assert "由既往 CT 测得的骨密度" in text
    assert "本译文尚未经临床医生审阅" in text
    assert not re.search(r"[A-Za-z]{3,}( [a-z]{2,}){3,}", text.replace(_METHOD, ""))


_METHOD = "GE MEDICAL SYSTEMS LightSpeed VCT"


async def test_pictures_that_were_purged_are_asked_for_and_the_page_says_so():
    """The first look asks a worker; a result whose images have gone says that instead."""
    result = a_result()
    site = a_site(None)
    site.store.put(result)
    site.pictures.purged.add(result.result_id)
    async with site.client() as client:
        first = await client.get(f"/reports/link-to-{result.result_id}")
        site.pictures.give_up(result.result_id)
        later = await client.get(f"/reports/link-to-{result.result_id}")

    assert "They are being drawn from the images in the archive" in first.text
    assert "they could not be drawn" in later.text
    assert "<img" not in first.text + later.text


async def test_the_language_follows_the_parameter_then_the_browser():
    """And the page says which it is."""
    result = a_result()
    site = a_site(None)
    site.store.put(result)
    link = f"/reports/link-to-{result.result_id}"
    async with site.client() as client:
        by_header = await client.get(link, headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"})
        by_parameter = await client.get(f"{link}?lang=en", headers={"Accept-Language": "zh-CN"})
        closed = await client.get("/reports/expired", headers={"Accept-Language": "zh-CN"})

    assert by_header.headers["content-language"] == "zh-Hans"
    assert '<html lang="zh-Hans">' in by_header.text
    assert by_parameter.headers["content-language"] == "en"
    assert by_header.headers["vary"] == "Accept-Language"
    assert "此链接已过期" in closed.text
    assert [row[1] for row in site.audit.rows[:2]] == [a_key(), a_key()]
