import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.hooks.messages import HookCall
from cds.hooks.problems import Problem
from cds.hooks.reading import read_message
from tests.support.hook_calls import an_order_sign

USUAL = b'{"hook":"order-sign","hookInstance":"i","context":{"patientId":"p"},"prefetch":{"any":%s}}'


def refusal(body: bytes) -> str:
    """The sentence with which a body is refused."""
    with pytest.raises(Problem) as refused:
        read_message(HookCall, body)
    assert refused.value.status == 400
    return refused.value.text


@pytest.mark.parametrize(
    "value",
    [
        b'{"id":"a","id":"b"}',
        b'[{"x":{"id":1,"\\u0069d":2}}]',
        b"NaN",
        b"[-Infinity]",
        b"1e400",
        b"-1e400",
        b"9" * 5000,
        b"1" * 100_000,
        b'"\\u0000"',
        b'"\\\\\\u0000"',
        b'"\\ud800"',
        b'{"\\udc00":1}',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b'"\x01"',
        b"01",
        b"'a'",
        b"1,",
        b"[" * 201 + b"]" * 201,
    ],
)
def test_what_is_ambiguous_is_refused(value):
    """Repeated keys, numbers that are none, NUL, lone surrogates, invalid UTF-8, loose syntax, too many levels."""
    assert refusal(USUAL % value)


def test_a_key_that_stands_twice_is_refused_wherever_it_stands():
    """Two readers of such a call might see two patients."""
    assert "twice" in refusal(b'{"hook":"a","hook":"order-sign","hookInstance":"i","context":{"patientId":"p"}}')


@pytest.mark.parametrize(
    "value",
    [b'"\\\\u0000"', b'"\\ud83d\\ude00"', b"1e308", b"0.1", b"9" * 4000, b"[" * 150 + b"]" * 150, b'{"a":1,"A":2}'],
)
def test_what_only_looks_odd_is_read(value):
    """An escaped backslash before u0000, a surrogate pair, large numbers, deep FHIR, keys that differ in case."""
    assert read_message(HookCall, USUAL % value).hook == "order-sign"


@pytest.mark.parametrize("opened", [b"[", b'{"a":', b'[{"a":'])
def test_deep_nesting_costs_nothing(opened):
    """100,000 levels are refused in milliseconds, closed or not, before anything is built."""
    begun = time.process_time()
    for end in (b"", b"1" + (b"]" if opened == b"[" else b"}") * 100_000):
        assert "recursion limit" in refusal(USUAL % (opened * 100_000 + end))

    assert time.process_time() - begun < 1


@pytest.mark.parametrize("dense", [b"[],", b"1,", b'{"a":1},'])
def test_dense_json_is_refused_before_it_costs_time(dense):
    """A body within its limit of bytes that would take a second to read is refused in milliseconds."""
    begun = time.process_time()
    with pytest.raises(Problem) as refused:
        read_message(HookCall, USUAL % (b"[" + dense * 500_000 + b"1]"))

    assert refused.value.status == 413
    assert time.process_time() - begun < 0.5


@given(st.text(st.characters(exclude_characters="\x00", codec="utf-8")))
def test_any_text_without_nul_arrives_as_it_was_sent(text):
    """Escaped or not."""
    for escaped in (True, False):
        body = json.dumps(an_order_sign() | {"prefetch": {"any": text}}, ensure_ascii=escaped).encode()
        assert read_message(HookCall, body).prefetch == {"any": text}


def test_a_refusal_repeats_nothing():
    """Neither values nor keys of what was sent."""
    for value in (b'{"Secretname":1,"Secretname":2}', b'["Secretname\\u0000"]', b'["Secretname", NaN]', b'"Secretname'):
        assert "Secretname" not in refusal(USUAL % value)
