"""Simulated patients from DICOM to the page in a browser: what each page says, must not say, and whether it is true."""

import re
import time

import httpx
import pytest
from selenium.webdriver.common.by import By

from cds.cli.demo_order import SERVICE, order_sign_request
from tests.support.browser import (
    WIDTHS,
    a_browser,
    complaints_of,
    grave_issues,
    in_the_dark,
    keep_screenshot,
    pictures_load,
    text_of,
    with_width,
)
from tests.support.simulated_site import VISITS, a_simulated_site

pytestmark = pytest.mark.system

ASSESSED = [name for name in VISITS if name != "cut_off"]
_SAID = re.compile(r"^([\d.]+) mg/cm3$.*?interval ([\d.]+)-([\d.]+) mg/cm3", re.MULTILINE | re.DOTALL)
_REDRAWN_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Six simulated CT of four patients came in, and were measured by the worker."""
    with a_simulated_site(tmp_path_factory.mktemp("simulated")) as site:
        yield site


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """One Chromium for all tests."""
    with a_browser(tmp_path_factory.mktemp("profile")) as browser:
        with_width(browser, WIDTHS["desktop"])
        yield browser


def page_of(site, browser, name):
    """What a reader of the page sees."""
    browser.get(site.pages.link(name))
    return text_of(browser)


def rows_of(browser, heading):
    """The cells of a table, by the id of its heading."""
    rows = browser.find_elements(By.CSS_SELECTOR, f'section[aria-labelledby="{heading}"] tbody tr')
    return [[cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")] for row in rows]


def below(text, heading):
    """What stands below a heading, up to the end."""
    return text[text.index(f"\n{heading}\n") :]


@pytest.mark.parametrize("name", ASSESSED)
def test_the_truth_lies_in_the_interval_that_the_page_states(site, browser, name):
    """Of the value, and of every vertebra that was used."""
    text = page_of(site, browser, name)
    truth = site.visits[name].truth
    value, low, high = (float(each) for each in _SAID.search(text).groups())

    assert low <= truth["vbmd_l1_l2_mg_cm3"] <= high
    assert low <= value <= high
    for level, _, interval, *_, used, _ in rows_of(browser, "levels"):
        if used == "yes":
            least, most = (float(each) for each in interval.split("-"))
            assert least <= truth["levels"][level]["vbmd_mg_cm3"] <= most, level


@pytest.mark.parametrize("name", VISITS)
def test_every_page_names_its_limits_and_never_a_diagnosis(site, browser, name):
    """Patient, day of the CT, investigational, rule-in only; no T-score but the sentence that there is none."""
    text = page_of(site, browser, name)
    visit = site.visits[name]

    for said in (
        visit.truth["patient_id"],
        f"{visit.patient.birth_date:%-d %b %Y}",
        "Investigational: not cleared as a medical device.",
        "cannot rule out low bone density",
        "no T-score follows from it",
        "osteocds (simulated) digital patient",
    ):
        assert said in text
    assert text.count("T-score") == 1
    for never in ("osteopenia", "osteoporotic", "fractured", "diagnosis", "None", "nan"):
        assert never not in text
    assert pictures_load(browser) == (0 if name == "cut_off" else 4)
    assert complaints_of(browser) == []


def test_small_differences_on_one_scanner_are_no_change(site, browser):
    """Seven down in three years, in truth: measurement error could be as much, and the page says so."""
    page_of(site, browser, "losing_bone_2022")

    first, shown, _ = rows_of(browser, "trend-table")

    assert re.fullmatch(
        r"\N{MINUS SIGN}\d+ mg/cm3 from the earlier to the later: no change shown \(it takes more than \d+\)", first[-1]
    )
    assert shown[-1] == "this report"


def test_a_loss_beyond_error_is_called_a_change_and_the_change_of_scanner_is_marked(site, browser):
    """Forty down in six years; three CT, one dotted line, this one ringed; by how much is what the values say."""
    text = page_of(site, browser, "losing_bone_2025")
    rows = rows_of(browser, "trend-table")
    results = [site.pages.results[f"losing_bone_{year}"].assessment for year in (2019, 2022, 2025)]
    half_widths = [(each.ci95_mg_cm3[1] - each.ci95_mg_cm3[0]) / 2 / 1.96 for each in results]

    assert "mg/cm3 lower on 14 May 2025 than on 14 May 2022: more than measurement error explains." in text
    assert [row[0] for row in rows] == ["14 May 2019", "14 May 2022", "14 May 2025"]
    assert ["SIM-EXACT-2" in row[4] for row in rows] == [False, False, True]
    for row, result, error in zip(rows[:2], results, half_widths, strict=False):
        difference = results[2].vbmd_mg_cm3 - result.vbmd_mg_cm3
        needed = 2.77 * (error**2 + half_widths[2] ** 2) ** 0.5
        assert abs(difference) > needed
        assert row[-1] == (
            f"\N{MINUS SIGN}{-difference:.0f} mg/cm3 from the earlier to the later: a change (more than {needed:.0f})"
        )
    for mark, count in (("circle.point", 3), ("line.scanner", 1), ("circle.ring", 1)):
        chart = 'section[aria-labelledby="trend"] svg[role="img"]'
        assert len(browser.find_elements(By.CSS_SELECTOR, f"{chart} {mark}")) == count


def test_the_reference_names_its_people(site, browser):
    """Below or above whom, and by how much; the chart is there."""
    text = page_of(site, browser, "losing_bone_2025")

    assert re.search(r"standard deviations (below|above) the mean of people of this age and sex among Chinese", text)
    assert browser.find_elements(By.CSS_SELECTOR, 'section[aria-labelledby="reference"] polyline.mean')


def test_contrast_makes_an_upper_estimate_that_is_never_normal(site, browser):
    """The value reads too high and the page knows; nothing is compared with people or with other CT."""
    text = page_of(site, browser, "contrast")
    truth = site.visits["contrast"].truth["vbmd_l1_l2_mg_cm3"]
    value, low, _ = (float(each) for each in _SAID.search(text).groups())

    assert value > truth > low
    assert "upper estimate, 95 % interval" in text
    assert "Contrast medium raises the reading: the value is an upper estimate." in text
    assert "mg/cm\N{SUPERSCRIPT THREE}, upper estimate" in text
    assert "Category: may lie in the osteoporosis range" in text
    assert "Not compared: contrast medium raises the reading." in text
    assert not re.search(r"\bnormal\b", text)


def test_a_crushed_vertebra_is_a_possible_fracture_to_look_at(site, browser):
    """Named first, left out of the value and of the levels used; where it is, the page shows it."""
    text = page_of(site, browser, "fracture")
    remarks = below(text, "To bear in mind").splitlines()[2]

    assert re.fullmatch(r"L1: \d\d % height loss, possible fracture, please look at the images\.", remarks)
    assert "estimated from T12, L2" in text
    assert [row[0] for row in rows_of(browser, "levels") if row[-2] == "yes"] == ["T12", "L2"]
    assert "L1: The trabecular region is" in below(text, "Left out, and why")


def test_a_scan_that_ends_too_high_has_a_reason_and_no_value(site, browser):
    """In plain words; nothing looks like a result."""
    text = page_of(site, browser, "cut_off")

    assert "Not assessable\nNo measurable vertebra between T7 and L3 was found in this scan." in text
    assert "No value is not a normal finding." in text
    assert "There are no pictures: nothing was measured in this CT." in text
    assert "There is no value to compare." in text
    assert not re.search(r"^\d+ mg/cm3|Category:|interval \d", text, re.MULTILINE)


def test_the_card_says_the_same_and_its_link_opens_the_page(site, browser):
    """An order for the patient whose results are known, from the EHR's side."""
    visit, result = site.visits["fracture"], site.pages.results["fracture"].assessment
    request = order_sign_request("reader-of-simulations")
    patient = request["prefetch"]["patient"]
    patient |= {"birthDate": visit.patient.birth_date.isoformat(), "gender": visit.patient.sex}
    patient["identifier"][0]["value"] = visit.patient.key.patient_id
    answer = httpx.post(f"{site.pages.base_url}/cds-services/{SERVICE}", json=request, trust_env=False, timeout=30)
    (card,) = answer.raise_for_status().json()["cards"]
    (link,) = [each["url"] for each in card["links"] if "/reports/" in each["url"]]

    browser.get(link)

    assert "possible fracture" in card["summary"] + card["detail"]
    assert f"{result.vbmd_mg_cm3:.0f} mg/cm3" in card["summary"] + card["detail"]
    assert f"\n{result.vbmd_mg_cm3:.0f} mg/cm3\n" in text_of(browser)


@pytest.mark.parametrize("name", ["losing_bone_2025", "contrast", "fracture", "cut_off"])
def test_every_page_is_seen_at_three_widths_in_both_languages_light_and_dark(site, browser, name):
    """Nothing is wider than the screen or serious for axe-core; the value is the same everywhere; pictures are kept."""
    for language in ("en", "zh-Hans"):
        browser.get(f"{site.pages.link(name)}?lang={language}")
        for dark in (False, True):
            in_the_dark(browser, dark=dark)
            assert grave_issues(browser) == []
            for width, width_px in WIDTHS.items():
                with_width(browser, width_px)
                wider = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
                assert wider <= 0, (language, width)
                keep_screenshot(browser, f"simulated-{name}-{language}-{'dark' if dark else 'light'}-{width}")
    in_the_dark(browser, dark=False)
    with_width(browser, WIDTHS["desktop"])
    value = site.pages.results[name].assessment.vbmd_mg_cm3
    assert value is None or f"\n{value:.0f} mg/cm3\n" in text_of(browser)


def test_purged_pictures_are_drawn_again_by_the_worker(site, browser):
    """The page says that they are on their way, and shows the same ones a minute later."""
    page_of(site, browser, "losing_bone_2019")
    before = [each.get_attribute("src") for each in browser.find_elements(By.TAG_NAME, "img")]
    site.purge_pictures()

    first = page_of(site, browser, "losing_bone_2019")
    deadline = time.monotonic() + _REDRAWN_WITHIN_S
    while not browser.find_elements(By.TAG_NAME, "img") and time.monotonic() < deadline:
        time.sleep(0.5)
        browser.refresh()

    assert "They are being drawn from the images in the archive" in first
    assert pictures_load(browser) == 4
    assert [each.get_attribute("src") for each in browser.find_elements(By.TAG_NAME, "img")] == before
    assert "being drawn from the images" not in text_of(browser)
