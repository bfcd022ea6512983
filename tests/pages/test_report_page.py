import re
from dataclasses import replace
from datetime import timedelta

import pytest

from cds.ports import Review, Trouble
from cds.screening import Known, NoPrior, Pending, Unavailable
from tests.support.assessments import (
    MEASURED_AT,
    a_contrast_assessment,
    a_height_loss,
    a_key,
    a_refusal,
    a_result,
    an_acquisition,
    an_assessment,
)
from tests.support.hook_site import a_site

RESULT = a_result()
OLD = timedelta(hours=25)


async def look(site, token=f"link-to-{RESULT.result_id}"):
    """Open a report page."""
    async with site.client() as client:
        response = await client.get(f"/reports/{token}")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return response


def a_site_with(result, *answers, **settings):
    """A site whose store has one result."""
    site = a_site(*(answers or (None,)), **settings)
    site.store.put(result)
    return site


def text_of(response):
    """What a reader sees."""
    body = (
        response.text[response.text.index("<body>") :]
        .replace("<sup>3</sup>", "3")
        .replace("cm\N{SUPERSCRIPT THREE}", "cm3")
    )
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


async def test_the_report_says_what_was_found_and_how():
    """Patient, value, interval, category, vertebrae, flags, acquisition, calibration, model, limits, notice."""
    site = a_site_with(RESULT)

    text = text_of(await look(site))

    for said in (
        "Patient identifier PAT-0001",
        "Birth date 3 Apr 1951",
        "70 mg/cm3",
        "95 % interval 65-75",
        "Category: osteoporosis range",
        "Level mg/cm3 95 % interval",
        "No calibration of this scanner is on file",
        "T12",
        "Not needed for the result.",
        "CT of 14 Sep 2025, 169 days before the measurement",
        "GE MEDICAL SYSTEMS LightSpeed VCT",
        "female",
        "The interval does not cross 80 or 120.",
        "120 kVp",
        "STANDARD",
        "1.25 mm",
        "phantomless, slope-table+tissue-offset, version tables-1",
        "Scanner calibration not calibrated",
        "by osteocds 0.1.0",
        "spine-net-1 (weights abababababab)",
        "Probability that a reference QCT would read below 80 mg/cm3 91 %",
        "Z-score (example-norms-2024) -0.8",
        "cannot rule out low bone density",
        "no T-score follows from it",
        "Investigational: not cleared as a medical device.",
    ):
        assert said in text
    assert site.audit.rows == [("report-page", a_key(), "shown", RESULT.result_id)]


async def test_an_upper_estimate_is_called_one():
    """A contrast scan's value is not shown as a plain one."""
    text = text_of(await look(a_site_with(a_result(assessment=a_contrast_assessment()))))

    assert "upper estimate, 95 % interval 40-75" in text
    assert "Contrast medium yes" in text
    assert "Level mg/cm3, upper estimate 95 % interval" in text


@pytest.mark.parametrize("build", [an_assessment, a_refusal])
async def test_a_possible_fracture_comes_before_all_else_to_bear_in_mind(build):
    """With or without a value, the page asks for a look at the images first."""
    lost = build(height_losses=(a_height_loss(),), flags=("noisy",))

    text = text_of(await look(a_site_with(a_result(assessment=lost))))

    assert "To bear in mind L1: 31 % height loss, possible fracture, please look at the images. Image noise" in text


async def test_a_ct_that_could_not_be_measured_gives_its_reasons():
    """No value, and every reason in words."""
    text = text_of(await look(a_site_with(a_result(assessment=a_refusal()))))

    assert "Not assessable" in text
    assert "The slices are 7.5 mm thick; at most 5 mm can be measured." in text
    assert "Category:" not in text


async def test_missing_facts_are_said_to_be_missing():
    """What the images do not record is not left blank."""
    bare = an_acquisition(
        kvp=None,
        kernel=None,
        manufacturer=None,
        model=None,
        slice_thickness_mm=None,
        study_date=None,
        scan_age_days=None,
    )
    assessment = an_assessment(acquisition=bare, calibration=None, probability_osteoporosis_range=None, z_score=None)

    text = text_of(await look(a_site_with(a_result(assessment=assessment))))

    assert text.count("not recorded") == 4
    assert "CT of date unknown" in text
    assert "None" not in text


async def test_the_page_runs_nothing_and_loads_nothing():
    """No script, nothing from elsewhere, not kept in caches, not framed, its address not passed on."""
    response = await look(a_site_with(RESULT))

    policy = response.headers["content-security-policy"]
    nonce = re.search(r"style-src 'nonce-([^']+)'", policy)
    assert nonce is not None
    assert f'<style nonce="{nonce[1]}">' in response.text
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-content-type-options"] == "nosniff"
    without_pictures = re.sub(r'src="data:image/png;base64,[A-Za-z0-9+/=]+"', "", response.text)
    without_languages = without_pictures.replace('href="?lang=zh-Hans"', "")
    assert not re.search(r"<script|<link|src=|href=|url\(|@import|style=|\bon\w+=", without_languages)


async def test_text_from_the_record_stays_text():
    """A scanner that calls itself a script is shown by its name."""
    hostile = an_acquisition(manufacturer="<script>alert(1)</script>", kernel="{{ 7 * 7 }}")

    response = await look(a_site_with(a_result(assessment=an_assessment(acquisition=hostile))))

    assert "<script" not in response.text
    assert "&lt;script&gt;" in response.text
    assert "{{ 7 * 7 }}" in response.text


@pytest.mark.parametrize(
    ("token", "status", "title", "outcome"),
    [
        ("expired", 410, "This link has expired", "expired"),
        ("tampered", 403, "This link is not valid", "refused"),
        ("link-to-nothing", 410, "This result is no longer shown", "gone"),
    ],
)
async def test_a_link_that_opens_nothing_says_why(token, status, title, outcome):
    """Expired and withdrawn are gone, everything else is forbidden; each look is audited."""
    site = a_site_with(RESULT)

    response = await look(site, token)

    assert response.status_code == status
    assert title in response.text
    assert "mg/cm" not in response.text
    assert response.headers["cache-control"] == "no-store"
    assert site.audit.outcomes == [("report-page", outcome)]


@pytest.mark.parametrize("passed", [OLD, timedelta(days=-300)], ids=["long ago", "by a clock that was ahead"])
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param(Known(RESULT), 200, id="confirmed again"),
        pytest.param(Pending(MEASURED_AT), 503, id="being confirmed"),
        pytest.param(Unavailable(Trouble("archive", MEASURED_AT)), 503, id="cannot be confirmed now"),
        pytest.param(NoPrior(("no-prior-ct",)), 410, id="the study has gone"),
        pytest.param(Known(a_result(result_id="newer")), 410, id="replaced"),
    ],
)
async def test_a_result_not_confirmed_lately_is_confirmed_before_it_is_shown(answer, status, passed):
    """More than 24 h after the archive confirmed study and patient, or who knows when, the page asks again first."""
    site = a_site_with(RESULT, answer)
    site.clock.moment = MEASURED_AT + passed

    response = await look(site)

    assert response.status_code == status
    assert ("Category:" in response.text) == (status == 200)
    assert [order.patient for order in site.answering.orders] == [RESULT.patient]


async def test_a_result_confirmed_lately_asks_nobody():
    """Within 24 h the store is enough."""
    site = a_site_with(RESULT)

    await look(site)

    assert site.answering.orders == []


async def test_who_has_opted_out_has_no_report_page():
    """A link from an earlier card shows no value, asks for no new look, and leaves a row."""
    site = a_site_with(RESULT)
    site.clock.move_on(hours=25)
    site.opt_outs.patients.add(a_key())

    response = await look(site)

    assert response.status_code == 410
    assert "70 mg/cm3" not in text_of(response)
    assert site.answering.orders == []
    assert site.audit.rows == [("report-page", a_key(), "opted-out", RESULT.result_id)]


async def test_the_page_says_whether_a_person_has_accepted_the_result():
    """Preliminary until then; afterwards by whom and when."""
    read = replace(RESULT, review=Review("Dr. Ada Reader", "accepted", MEASURED_AT))

    before = text_of(await look(a_site_with(RESULT)))
    after = text_of(await look(a_site_with(read)))

    assert "no reader has accepted it yet" in before
    assert "Dr. Ada Reader accepted it on 2 Mar 2026." in after
    assert "preliminary" not in after
