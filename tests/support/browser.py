"""A headless Chromium, as Debian packages it, and what axe-core says about a page in it."""

import base64
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pypdf import PageObject, PdfReader
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

_ROOT = Path(__file__).resolve().parents[2]
AXE = _ROOT / "build" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = _ROOT / "build" / "report-pages"
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
)
WIDTHS = {"phone": 360, "tablet": 768, "desktop": 1280}
"""Of screens, in pixels."""
_GRAVE = {"serious", "critical"}


@contextmanager
def a_browser(profile: Path) -> Iterator[webdriver.Chrome]:
    """One browser with a profile of its own; skips where Debian's Chromium is missing, fails then under CI=true."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None or not AXE.exists():
        why = "no chromium, chromedriver or axe-core: run tests/system/install-servers and tests/system/install-browser"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(why)
        pytest.skip(why)
    options = Options()
    options.binary_location = chromium
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        browser.set_page_load_timeout(30)
        yield browser
    finally:
        browser.quit()


def grave_issues(browser: webdriver.Chrome) -> list[str]:
    """What axe-core finds serious or critical in the page at hand, one line each."""
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found = browser.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document, {resultTypes: ['violations']}).then(done, why => done({violations: [String(why)]}));"
    )
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:120]}" if isinstance(each, dict) else each
        for each in found["violations"]
        if not isinstance(each, dict) or each["impact"] in _GRAVE
    ]


def with_width(browser: webdriver.Chrome, width_px: int) -> None:
    """Lay the page out as on a screen of this width, which windows cannot always be made."""
    metrics = {"width": width_px, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def text_of(browser: webdriver.Chrome) -> str:
    """What a reader sees."""
    return browser.find_element(By.TAG_NAME, "main").text


@contextmanager
def opening_a_page(browser: webdriver.Chrome) -> Iterator[None]:
    """Whatever is done inside opens another page: leaves when that has loaded.

    The driver itself waits only for a page that began to load before it looked, so it may return to the old one.
    """
    browser.execute_script("window.left = true")
    yield
    loaded = WebDriverWait(browser, 30, ignored_exceptions=[WebDriverException])
    loaded.until(lambda it: it.execute_script("return !window.left && document.readyState === 'complete'"))


def complaints_of(browser: webdriver.Chrome) -> list[str]:
    """Errors and warnings of the console since the last look."""
    return [each["message"] for each in browser.get_log("browser") if each["level"] in {"SEVERE", "WARNING"}]


def pictures_load(browser: webdriver.Chrome) -> int:
    """How many pictures the page has; all of them must have been decoded, and none may be out of proportion."""
    shown = browser.execute_script(
        "return Array.from(document.images,"
        " each => [each.naturalWidth, each.naturalHeight, each.clientWidth, each.clientHeight])"
    )
    for width_px, height_px, wide_px, high_px in shown:
        assert width_px > 0
        assert wide_px / high_px == pytest.approx(width_px / height_px, rel=0.02)
    return len(shown)


def keep_screenshot(browser: webdriver.Chrome, name: str) -> None:
    """The whole page at the present width, as build/report-pages/NAME.png."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    metrics = browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    shot = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": metrics | {"x": 0, "y": 0, "scale": 1}}
    )
    (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def in_the_dark(browser: webdriver.Chrome, *, dark: bool) -> None:
    """As a reader whose system is set to dark sees it."""
    feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def printed(browser: webdriver.Chrome) -> PdfReader:
    """The page as Chromium prints it."""
    pdf = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
    return PdfReader(io.BytesIO(base64.b64decode(pdf)))


def sizes_pt(page: PageObject) -> list[tuple[str, float]]:
    """Every piece of text of a printed page, and the size of its letters on paper."""
    found = []

    def note(text: str, place: list[float], in_text: list[float], _font: object, size: float) -> None:
        if text.strip():
            found.append((text.strip(), size * abs(in_text[3]) * abs(place[3])))

    page.extract_text(visitor_text=note)
    return found
