import base64
import json
from datetime import timedelta

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from cds.ports import LinkRefused
from cds.security.links import SignedReportLinks
from tests.support.assessments import MEASURED_AT, a_key, a_patient, a_result
from tests.support.fakes import FakeStore

SECRET = b"s" * 48
NOW = MEASURED_AT
HOUR = timedelta(hours=1)


def links(store=None, secret=SECRET):
    """Links that live for 72 hours."""
    return SignedReportLinks(secret, "https://cds.example.org/", timedelta(hours=72), store or FakeStore())


def token_for(result, secret=SECRET):
    """The token in a link."""
    return links(secret=secret).url_for(result, NOW).removeprefix("https://cds.example.org/reports/")


def refused(token, now=NOW, store=None):
    """Whether the refused link had expired."""
    with pytest.raises(LinkRefused) as refusal:
        links(store).open(token, now)
    return "expired" if refusal.value.expired else "tampered"


def test_a_link_opens_its_result_until_it_expires():
    """For its lifetime a link opens the one result that it was made for; then it is expired, not invalid."""
    store, result = FakeStore(), a_result()
    store.put(result)
    token = token_for(result)

    assert links(store).open(token, NOW) == result.result_id
    assert links(store).open(token, NOW + 72 * HOUR - timedelta(seconds=1)) == result.result_id
    assert refused(token, NOW + 72 * HOUR, store) == "expired"


def test_a_link_says_nothing_about_the_patient():
    """Neither the identifier nor anything derived from it without the secret is in the URL."""
    url = links().url_for(a_result(), NOW)
    payload = base64.urlsafe_b64decode(url.split(".")[-2] + "==")

    assert set(json.loads(payload)) == {"rid", "pat", "exp"}
    assert b"PAT-0001" not in payload
    assert url != links(secret=b"o" * 48).url_for(a_result(), NOW)


def test_every_changed_character_is_noticed():
    """A token with any one character changed opens nothing."""
    token = token_for(a_result())

    # the last character of each part carries unused bits, which some decoders ignore
    ends = {index - 1 for index, each in enumerate(token + ".") if each == "."}
    for place in set(range(0, len(token), 7)) - ends:
        if token[place] == ".":
            continue
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert refused(changed) == "tampered"


def test_another_secret_opens_nothing():
    """A link made with another secret is refused."""
    assert refused(token_for(a_result(), secret=b"o" * 48)) == "tampered"


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "....", "x" * 5000, "é.é.é", "eyJhbGciOiJIUzI1NiJ9..", "null"])
def test_nonsense_opens_nothing(token):
    """Whatever is in the URL, the answer is a refusal."""
    assert refused(token) == "tampered"


def test_an_unsigned_token_opens_nothing():
    """The algorithm "none" is not accepted."""
    _, payload, _ = token_for(a_result()).split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")

    assert refused(f"{header}.{payload}.") == "tampered"


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        ({"alg": "HS256"}, {"rid": "r", "pat": "p", "exp": 9999999999}),  # not of our type
        ({"alg": "HS512", "typ": "osteocds-report"}, {"rid": "r", "pat": "p", "exp": 9999999999}),
        ({"alg": "HS256", "typ": "osteocds-report"}, {"rid": "r"}),
        ({"alg": "HS256", "typ": "osteocds-report"}, ["r"]),
        ({"alg": "HS256", "typ": "osteocds-report"}, {"rid": "r", "pat": "p", "exp": "soon"}),
    ],
)
def test_a_signature_alone_is_not_enough(header, payload):
    """What the secret signed for another purpose opens nothing."""
    key = OctKey.import_key(SECRET)

    token = jws.serialize_compact(header, json.dumps(payload), key, algorithms=[header["alg"]])

    assert refused(token) == "tampered"


def test_a_result_that_changed_hands_is_not_shown():
    """When a result now belongs to another patient, old links to it are refused."""
    store, result = FakeStore(), a_result()
    token = token_for(result)
    store.put(a_result(a_patient(a_key("PAT-0002"))))

    assert refused(token, store=store) == "tampered"


def test_a_vanished_result_is_left_to_the_page():
    """A genuine link to a withdrawn result still tells its id: the page explains."""
    assert links().open(token_for(a_result()), NOW) == a_result().result_id
