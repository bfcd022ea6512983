import pytest
from pydantic import ValidationError

from cds.screening import Known
from tests.support.assessments import a_result
from tests.support.fakes import BrokenAnswering
from tests.support.hook_calls import an_order_sign
from tests.support.hook_site import Site, a_site, some_settings

EHR = "https://ehr.example.org"
ORDER_SIGN = "/cds-services/osteocds-order-sign"
OTHERS = (
    "https://evil.example.org",
    "https://ehr.example.org.evil.org",
    "http://ehr.example.org",
    "null",
    f"{EHR}:444",
)


def a_browser_site(**settings):
    """A site that lets the pages of one EHR in."""
    return a_site(Known(a_result()), cors_origins=(EHR,), **settings)


async def preflight(site, origin, method="POST", headers="authorization, content-type"):
    """What a browser asks before it sends a hook call."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    async with site.client() as client:
        return await client.options(ORDER_SIGN, headers=asked)


def cors_headers(response):
    """The headers that open something to a browser."""
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


async def test_a_listed_origin_may_call_with_token_and_json():
    """The preflight allows POST with Authorization and Content-Type, for this origin alone and without cookies."""
    response = await preflight(a_browser_site(), EHR)

    assert response.status_code == 200
    allowed = cors_headers(response)
    assert allowed["access-control-allow-origin"] == EHR
    assert "POST" in allowed["access-control-allow-methods"]
    assert {"Authorization", "Content-Type"} <= set(allowed["access-control-allow-headers"].split(", "))
    assert "access-control-allow-credentials" not in allowed
    assert "*" not in "".join(allowed.values())


async def test_an_answer_to_a_preflight_has_one_length():
    """A server that is asked to send two sends nothing."""
    for origin in (EHR, *OTHERS):
        response = await preflight(a_browser_site(), origin)

        assert response.headers.get_list("content-length") == [str(len(response.content))]


@pytest.mark.parametrize("origin", OTHERS)
async def test_another_origin_gets_no_header_at_all(origin):
    """Neither the preflight nor the answer opens anything to an origin that is not listed exactly."""
    asked = await preflight(a_browser_site(), origin)
    answered = await a_browser_site().order_sign(an_order_sign(), headers={"Origin": origin})

    assert asked.status_code == 403
    assert asked.json()["issue"][0]["code"] == "forbidden"
    assert cors_headers(asked) == cors_headers(answered) == {}


@pytest.mark.parametrize(("method", "headers"), [("DELETE", "content-type"), ("POST", "x-anything")])
async def test_a_listed_origin_may_do_nothing_else(method, headers):
    """Other methods and other headers are not allowed."""
    response = await preflight(a_browser_site(), EHR, method, headers)

    assert response.status_code == 403
    assert cors_headers(response) == {}


@pytest.mark.parametrize(
    ("site", "path", "status"),
    [
        (a_browser_site(), ORDER_SIGN, 200),
        (a_browser_site(), "/cds-services/another", 404),
        (a_browser_site(max_body_bytes=1024), ORDER_SIGN, 413),
        (Site(BrokenAnswering(RuntimeError()), some_settings(cors_origins=(EHR,))), ORDER_SIGN, 500),
    ],
    ids=["cards", "not found", "too large", "own fault"],
)
async def test_refusals_can_be_read_by_the_page_too(site, path, status):
    """Without the header a browser hides the status and the reason from the page that asked."""
    async with site.client() as client:
        body = an_order_sign() | ({"padding": "x" * 2048} if status == 413 else {})
        response = await client.post(path, json=body, headers={"Origin": EHR})

    assert response.status_code == status
    assert cors_headers(response) == {"access-control-allow-origin": EHR}
    assert "Origin" in response.headers["vary"]


async def test_without_a_list_there_is_no_cors():
    """By default no header, and OPTIONS is a method like any other that is not allowed."""
    asked = await preflight(a_site(None), EHR)
    answered = await a_site(Known(a_result())).order_sign(an_order_sign(), headers={"Origin": EHR})

    assert asked.status_code == 405
    assert asked.headers["allow"] == "POST"
    assert cors_headers(asked) == cors_headers(answered) == {}


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "ehr.example.org", "http://ehr.example.org", f"{EHR}/", f"{EHR}/app", f"{EHR}:443", "https://",
     "https://EHR.example.org", "https://*.example.org", "https://me@ehr.example.org", "https://ehr.example.org:x"],
)  # fmt: skip
def test_what_is_no_exact_origin_is_refused_at_start(origin):
    """A pattern, a path, a default port or plain http would never match, or match too much."""
    with pytest.raises(ValidationError, match="cors_origins"):
        some_settings(cors_origins=f"{EHR}, {origin}")


def test_origins_are_separated_by_commas():
    """Ports are fine, and http on loopback hosts for development."""
    origins = some_settings(cors_origins=f"{EHR}, https://ehr.example.org:8443,http://localhost:8080").cors_origins

    assert origins == (EHR, "https://ehr.example.org:8443", "http://localhost:8080")
