"""The client against a real server on loopback: hanging, huge, redirecting, endless."""

import gzip
import json
import time
from contextlib import asynccontextmanager

from cds.fhir_client.chart import ChartLimits, HttpPatientChart
from cds.ports import ChartAccess, ChartUnreadable
from tests.fhir_client.ehr_server import ehr_server

JSON = {"Content-Type": "application/fhir+json"}
SEARCH = "Condition?patient=77"


def bundle(*ids, following=None):
    """One page of a search."""
    link = [] if following is None else [{"relation": "next", "url": following}]
    entry = [{"resource": {"resourceType": "Condition", "id": each}} for each in ids]
    return 200, JSON, json.dumps({"resourceType": "Bundle", "link": link, "entry": entry}).encode()


@asynccontextmanager
async def chart_for(ehr, **limits):
    """The client, allowed to read from this server."""
    chart = HttpPatientChart([ehr.base.removesuffix("/fhir")], limits=ChartLimits(**limits))
    try:
        yield chart
    finally:
        await chart.aclose()


async def fetch(ehr, *queries, **limits):
    """Read the queries; the answers in their order."""
    async with chart_for(ehr, **limits) as chart:
        return list((await chart.fetch(ChartAccess(ehr.base, "t0ken"), {query: query for query in queries})).values())


def fault_of(found):
    """Why there is no answer."""
    assert isinstance(found, ChartUnreadable)
    assert "77" not in str(found)
    assert "t0ken" not in str(found)
    return str(found)


async def test_all_pages_of_a_search_are_read_in_order():
    """`next` is followed with the token, until there is none."""

    def answer(ehr, path):
        return bundle("a", following=f"{ehr.base}?page=2") if "Condition" in path else bundle("b")

    with ehr_server(answer) as ehr:
        (pages,) = await fetch(ehr, SEARCH)

    assert [entry["resource"]["id"] for page in pages for entry in page["entry"]] == ["a", "b"]
    assert [(path, headers["authorization"]) for path, headers in ehr.asked] == [
        ("/fhir/Condition?patient=77", "Bearer t0ken"),
        ("/fhir?page=2", "Bearer t0ken"),
    ]


async def test_the_token_never_goes_to_another_host():
    """A next page, or a redirect, elsewhere: nothing is sent there, not even to another port."""
    with ehr_server(lambda *_: bundle("stolen")) as thief:
        with ehr_server(lambda *_: bundle("a", following=f"{thief.base}/Condition?page=2")) as ehr:
            (paged,) = await fetch(ehr, SEARCH)
        with ehr_server(lambda *_: (302, {"Location": f"{thief.base}/Condition"}, b"")) as ehr:
            (redirected,) = await fetch(ehr, SEARCH)

    assert "not on the same fhirServer" in fault_of(paged)
    assert "302" in fault_of(redirected)
    assert thief.asked == []


async def test_endless_pages_end():
    """A server whose pages never end is given up after the limit."""
    with ehr_server(lambda ehr, _: bundle("a", following=f"{ehr.base}/Condition?page=next")) as ehr:
        (endless,) = await fetch(ehr, SEARCH, max_pages=3)

    assert "more than 3 pages" in fault_of(endless)
    assert len(ehr.asked) == 3


async def test_a_body_without_end_is_cut_off():
    """What is too large is not read to its end, whether or not its length is told."""

    def forever():
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n"
        while True:
            yield b" " * 65536

    with ehr_server(lambda *_: forever()) as ehr:
        (huge,) = await fetch(ehr, SEARCH, max_response_bytes=100_000)

    assert "more than 100000 bytes" in fault_of(huge)


async def test_all_answers_together_have_a_limit():
    """Many answers, each small enough, cannot fill the memory."""
    body = json.dumps({"resourceType": "Bundle", "filler": "x" * 50_000}).encode()
    with ehr_server(lambda *_: (200, JSON, body)) as ehr:
        found = await fetch(ehr, *(f"Condition?page={n}" for n in range(8)), max_total_bytes=200_000)

    faults = [each for each in found if isinstance(each, ChartUnreadable)]
    assert 0 < len(faults) < 8
    assert {str(each) for each in faults} == {"fhirServer sent more than is read for one call"}


async def test_a_compressed_answer_is_not_unpacked():
    """A few bytes that become gigabytes stay a few bytes."""
    packed = gzip.compress(b" " * 10_000_000)
    with ehr_server(lambda *_: (200, JSON | {"Content-Encoding": "gzip"}, packed)) as ehr:
        (bomb,) = await fetch(ehr, SEARCH)

    assert "compressed" in fault_of(bomb)
    assert ehr.asked[0][1]["accept-encoding"] == "identity"


async def test_one_time_limit_is_over_all_queries_and_what_came_in_time_is_kept():
    """Two hanging answers cost as much as one; the third is there."""

    def answer(ehr, path):
        if "hang" not in path:
            return bundle("a")
        ehr.released.wait(30)
        return bundle("late")

    with ehr_server(answer) as ehr:
        begun = time.monotonic()
        first, second, third = await fetch(ehr, "Condition?hang=1", SEARCH, "Condition?hang=2", timeout_s=0.5)
        took_s = time.monotonic() - begun

    assert "within 0.5 s" in fault_of(first)
    assert "within 0.5 s" in fault_of(third)
    assert isinstance(second, tuple)
    assert took_s < 5


async def test_a_server_that_drips_is_given_up():
    """A byte now and then resets no clock."""

    def drip(ehr):
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n"
        while not ehr.released.wait(0.05):
            yield b" "

    with ehr_server(lambda ehr, _: drip(ehr)) as ehr:
        (slow,) = await fetch(ehr, SEARCH, timeout_s=0.5)

    assert "within 0.5 s" in fault_of(slow)


async def test_no_cookie_travels_from_one_call_to_the_next():
    """A session that the server opened for one user is not another user's."""
    with ehr_server(
        lambda *_: (200, JSON | {"Set-Cookie": "session=of-dr-1; Path=/"}, b'{"resourceType":"Bundle"}')
    ) as ehr:
        async with chart_for(ehr) as chart:
            for token in ("one", "two"):
                await chart.fetch(ChartAccess(ehr.base, token), {"conditions": SEARCH})

    assert [headers["authorization"] for _, headers in ehr.asked] == ["Bearer one", "Bearer two"]
    assert not any("cookie" in headers for _, headers in ehr.asked)
