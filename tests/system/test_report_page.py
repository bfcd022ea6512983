"""The report page in a real browser, from a real service: links, pictures, languages, access, print, accessibility."""

import uuid
from datetime import timedelta

import httpx
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from cds.cli.demo_order import PATIENT_ID, SERVICE, order_sign_request
from tests.support.browser import (
    SCREENSHOTS,
    WIDTHS,
    a_browser,
    complaints_of,
    grave_issues,
    in_the_dark,
    keep_screenshot,
    opening_a_page,
    pictures_load,
    printed,
    sizes_pt,
    text_of,
    with_width,
)
from tests.support.report_site import CASES, a_report_site

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The service without workers: everything was measured before."""
    with a_report_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """One Chromium for all tests."""
    with a_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def test_the_cards_link_opens_the_page(site, browser):
    """From an order to the page: patient, value, pictures, trend, method; nothing in the console."""
    request = order_sign_request(f"clinician-{uuid.uuid4()}")
    request["prefetch"]["patient"] |= {"birthDate": "1951-04-03", "gender": "female"}
    answer = httpx.post(f"{site.base_url}/cds-services/{SERVICE}", json=request, trust_env=False, timeout=30)
    (card,) = answer.raise_for_status().json()["cards"]
    (link,) = [each["url"] for each in card["links"] if "/reports/" in each["url"]]

    browser.get(link)

    text = text_of(browser)
    for said in (PATIENT_ID, "76 mg/cm3", "95 % interval 71-81", "Category: osteoporosis range", "a change (more than"):
        assert said in text
    assert pictures_load(browser) == 4
    assert complaints_of(browser) == []


@pytest.mark.parametrize("case", CASES)
def test_every_page_is_accessible_at_three_widths(site, browser, case):
    """No serious issue for axe-core, light and dark; nothing wider than the screen; screenshots are kept."""
    browser.get(site.link(case))
    for name, width_px in WIDTHS.items():
        with_width(browser, width_px)
        wider = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, name
        keep_screenshot(browser, f"{case}-{name}")
    assert grave_issues(browser) == []
    in_the_dark(browser, dark=True)
    assert grave_issues(browser) == []
    in_the_dark(browser, dark=False)
    assert complaints_of(browser) == []


def test_a_purged_page_says_that_pictures_are_being_drawn(site, browser):
    """Instead of leaving a hole."""
    browser.get(site.link("without_pictures"))

    assert "being drawn from the images" in text_of(browser)
    assert pictures_load(browser) == 0


def test_the_language_switches_by_keyboard(site, browser):
    """Tab reaches the link, Enter follows it; the page is Chinese then, and says that nobody has reviewed that."""
    with_width(browser, 1280)
    browser.get(site.link("six_years"))
    for _ in range(10):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        if browser.switch_to.active_element.text == "简体中文":
            break
    with opening_a_page(browser):
        browser.switch_to.active_element.send_keys(Keys.ENTER)

    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "zh-Hans"
    assert "骨质疏松范围" in text_of(browser)
    assert "尚未经临床医生审阅" in text_of(browser)
    assert grave_issues(browser) == []


@pytest.mark.parametrize("case", ["six_years", "with_fracture", "fracture_without_a_value", "not_assessable"])
def test_a_report_prints_on_one_a4_page_that_can_be_read(site, browser, case):
    """Pictures, charts and tables included; no letter below 7 points, in charts below 6."""
    browser.get(site.link(case))
    in_charts = {each.get_attribute("textContent") for each in browser.find_elements(By.CSS_SELECTOR, "svg text")}
    pictures = len(browser.find_elements(By.TAG_NAME, "img"))

    pdf = printed(browser)
    pdf.stream.seek(0)
    (SCREENSHOTS / f"{case}.pdf").write_bytes(pdf.stream.read())

    (page,) = pdf.pages
    sizes = sizes_pt(page)
    assert len(page.images) == pictures
    assert [each for each in sizes if each[1] < (6 if each[0] in in_charts else 7)] == []
    assert "Investigational: not cleared as a medical device." in {text for text, _ in sizes}


def test_links_that_do_not_hold_are_refused(site, browser):
    """Expired and withdrawn: gone; tampered with: forbidden. None shows a value."""
    good = site.link("with_fracture")
    tampered = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
    expired = site.link("with_fracture", age=timedelta(hours=2))
    site.withdraw("with_fracture")

    for link, status, said in (
        (tampered, 403, "This link is not valid"),
        (expired, 410, "This link has expired"),
        (good, 410, "This result is no longer shown"),
    ):
        assert httpx.get(link, trust_env=False, timeout=10).status_code == status
        browser.get(link)
        assert said in text_of(browser)
        assert "mg/cm" not in text_of(browser)
