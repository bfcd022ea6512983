"""The radiologist's guide quotes the page: whoever looks for a sentence finds it there."""

import re
from pathlib import Path

from tests.support.page_texts import texts_in_use

GUIDE = Path(__file__).parents[2] / "docker" / "first-hour-radiologist.md"


def test_sentences_that_the_guide_quotes_are_on_the_page():
    """Word for word; codes, which the page never shows, are not quoted."""
    text = re.sub(r"\s+", " ", GUIDE.read_text(encoding="utf-8"))
    quoted = re.findall(r'"([A-Z][^"]+\.)"', text)
    steps = text[text.index("**The page**") : text.index("**Your decision.**")]

    assert len(quoted) >= 4
    assert set(quoted) <= texts_in_use()
    assert "`" not in steps
