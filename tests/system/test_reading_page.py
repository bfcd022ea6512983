"""A reader comes from an EHR and decides, in a real browser: each decision has its page and its audit row."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select
from sqlalchemy import select

from cds.bone.anatomy import VertebralLevel
from cds.cli.demo_order import IDENTIFIER_SYSTEM
from cds.ct.patient import PatientKey
from cds.reporting.bundle import FhirPublisher
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.pictures import SqlPictures
from cds.storage.tables import audit
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records
from tests.support.assessments import a_correctable, a_patient, a_result
from tests.support.browser import (
    a_browser,
    complaints_of,
    grave_issues,
    in_the_dark,
    keep_screenshot,
    opening_a_page,
    text_of,
    with_width,
)
from tests.support.launching_ehr import CLIENT_ID, a_fhir_patient, running_ehr
from tests.support.report_site import a_report_site, pictures

pytestmark = pytest.mark.system

VALUES = {VertebralLevel(name): value for name, value in {"T12": 80, "L1": 82, "L2": 98, "L3": 84}.items()}
NAME = "Dr. Ada Reader"
WIDTHS_PX = (360, 768, 1280)


class ReadingSite:
    """A service that an EHR may launch readers into, and what they decide about."""

    def __init__(self, site, ehr):
        self.site, self.ehr = site, ehr
        self.drawn = pictures()

    def reads(self, browser, name):
        """Launch a reader into the result of a patient of their own; the id of the result."""
        now = datetime.now(UTC)
        result = replace(
            a_result(a_patient(PatientKey("default", name)), a_correctable(VALUES, vbmd_mg_cm3=90.0)),
            result_id=str(uuid.uuid4()),
            measured_at=now,
            confirmed_at=now,
        )
        with open_records(self.site.settings) as engine:
            rendered = FhirPublisher("Investigational.", IDENTIFIER_SYSTEM).render(result)
            SqlAssessmentStore(engine, SystemClock()).keep(result, rendered)
            SqlPictures(engine, SystemClock()).put(result.result_id, self.drawn)
        self.site.results[name] = result
        self.ehr.patient = a_fhir_patient(identifier=[{"system": IDENTIFIER_SYSTEM, "value": name}])
        self.ehr.app_context = result.result_id
        browser.get(f"{self.site.base_url}/launch?iss={self.ehr.address}/r4&launch=abc")
        return result.result_id

    def audited(self, result_id):
        """(event, outcome, caller) of the result, the last one first."""
        query = select(audit.c.event, audit.c.outcome, audit.c.caller).where(audit.c.detail.startswith(result_id))
        with open_records(self.site.settings) as engine, engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query.order_by(audit.c.number.desc()))]

    @property
    def reader(self):
        """As the EHR names them."""
        return f"{self.ehr.address}/r4/Practitioner/7"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The service, and an EHR with its authorization server."""
    folder = tmp_path_factory.mktemp("site")
    with running_ehr(SystemClock()) as ehr:
        launch = folder / "launch.toml"
        launch.write_text(f'[[ehr]]\nname = "north"\niss = "{ehr.address}/r4"\nclient_id = "{CLIENT_ID}"\n')
        with a_report_site(folder, LAUNCH_FILE=str(launch)) as running:
            yield ReadingSite(running, ehr)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """One Chromium for all tests."""
    with a_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def press(browser, decision):
    """The button of a decision."""
    browser.find_element(By.CSS_SELECTOR, f'button[value="{decision}"]').click()


def send(browser, decision):
    """Press its button, and see the page that answers."""
    with opening_a_page(browser):
        press(browser, decision)


def say(browser, field, text):
    """Type into a field, or choose in it."""
    found = browser.find_element(By.ID, field)
    if found.tag_name == "select":
        Select(found).select_by_value(text)
    else:
        found.send_keys(text)


def test_the_forms_are_accessible_at_three_widths(site, browser):
    """Nothing serious for axe-core, light and dark, in both languages; nothing wider than the screen."""
    site.reads(browser, "FORMS")
    for language in ("en", "zh"):
        browser.get(f"{browser.current_url.partition('?')[0]}?lang={language}")
        for width_px in WIDTHS_PX:
            with_width(browser, width_px)
            assert browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth") <= 0
        for dark in (False, True):
            in_the_dark(browser, dark=dark)
            assert grave_issues(browser) == []
        in_the_dark(browser, dark=False)
        keep_screenshot(browser, f"reading-{language}")
    assert browser.find_elements(By.CSS_SELECTOR, "button") != []
    assert complaints_of(browser) == []


def test_each_tab_keeps_to_its_patient(site, browser):
    """Two patients in two tabs: reloaded, or in another language, each shows what it was opened for."""
    site.reads(browser, "TAB-ONE")
    one = browser.current_window_handle
    browser.switch_to.new_window("tab")
    site.reads(browser, "TAB-TWO")
    assert "TAB-TWO" in text_of(browser)
    browser.close()
    browser.switch_to.window(one)

    with opening_a_page(browser):
        browser.refresh()
    assert "TAB-ONE" in text_of(browser)
    with opening_a_page(browser):
        browser.find_element(By.CSS_SELECTOR, '.languages a[hreflang="zh-Hans"]').click()
    assert "TAB-ONE" in text_of(browser)
    send(browser, "accept")
    assert "TAB-ONE" in text_of(browser)
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "zh-Hans"
    assert "TAB" not in browser.current_url
    assert complaints_of(browser) == []


def test_a_reader_accepts(site, browser):
    """The page says who accepted it."""
    result_id = site.reads(browser, "ACCEPTS")
    assert f"You are {NAME}, as your EHR says." in text_of(browser)

    send(browser, "accept")

    assert f"Software measured it; {NAME} accepted it on" in text_of(browser)
    assert site.audited(result_id)[:2] == [
        ("reading-page", "shown", site.reader),
        ("result-reviewed", "accepted", site.reader),
    ]
    assert complaints_of(browser) == []


def test_a_reader_corrects(site, browser):
    """L2 must not count: the value is computed anew, with what it was before; the card's link shows it too."""
    result_id = site.reads(browser, "CORRECTS")
    assert "without it: 83 mg/cm3 (" in text_of(browser)

    say(browser, "out-L2", "fracture")
    say(browser, "correction-reason", "Old wedge fracture.")
    send(browser, "correct")

    for _ in range(2):
        text = text_of(browser)
        assert "83 mg/cm3" in text
        assert f"{NAME} corrected it on" in text
        assert "L2 left out (fracture). Old wedge fracture." in text
        assert "Before, as software measured it: 90 mg/cm3" in text
        assert grave_issues(browser) == []
        browser.get(site.site.link("CORRECTS"))
    assert ("result-corrected", "corrected", site.reader) in site.audited(result_id)
    assert complaints_of(browser) == []


@pytest.mark.parametrize(
    ("decision", "row", "said"),
    [
        ("reject", ("result-reviewed", "rejected"), "This result is no longer shown"),
        ("retract", ("result-retracted", "wrong-level"), "the vertebrae were named wrongly: It is T12"),
    ],
)
def test_a_reader_takes_it_back(site, browser, decision, row, said):
    """With the reason; the card's link shows no value any more, and after a retraction says why."""
    result_id = site.reads(browser, decision.upper())

    say(browser, "kind", "wrong-level")
    say(browser, "reason", "It is T12.")
    send(browser, decision)

    assert "It is done" in text_of(browser)
    assert grave_issues(browser) == []
    assert complaints_of(browser) == []
    assert (*row, site.reader) in site.audited(result_id)
    browser.get(site.site.link(decision.upper()))
    assert said in text_of(browser)
    assert "mg/cm" not in text_of(browser)
    assert all("410 (Gone)" in each for each in complaints_of(browser))


def test_a_form_without_a_reason_is_not_sent(site, browser):
    """The browser asks for it; nothing is changed."""
    result_id = site.reads(browser, "NO-REASON")

    say(browser, "out-L1", "lesion")
    press(browser, "correct")

    assert browser.switch_to.active_element.get_attribute("id") == "correction-reason"
    assert not [row for row in site.audited(result_id) if row[0].startswith("result-")]
