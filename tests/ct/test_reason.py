import string

import pytest

from cds.ct.reason import SENTENCES, NotAssessable, because


@pytest.mark.parametrize("code", SENTENCES)
def test_every_sentence_can_be_filled_in(code):
    """Given every fact a sentence asks for, then it is a sentence."""
    facts = {name: 1.0 for _, name, _, _ in string.Formatter().parse(SENTENCES[code]) if name}
    reason = because(code, **facts)

    assert reason.code == code
    assert not reason.text[0].islower()
    assert reason.text.endswith(".")
    assert "{" not in reason.text


def test_an_unknown_code_or_a_missing_fact_is_a_mistake_of_ours():
    """Given a code that is not in the table, or a fact left out, then it fails at once."""
    with pytest.raises(KeyError):
        because("no-such-code")
    with pytest.raises(KeyError):
        because("kvp-outside")


def test_not_assessable_never_goes_without_a_reason():
    """Given no reason, then there is no refusal."""
    with pytest.raises(ValueError, match="at least one reason"):
        NotAssessable(())
    assert NotAssessable((because("kvp-missing"),)).reasons[0].code == "kvp-missing"
