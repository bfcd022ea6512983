import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cds.hooks.markdown import plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GE MEDICAL SYSTEMS", "GE MEDICAL SYSTEMS"),
        ("B30f", "B30f"),
        ("I41f\\3", "I41f&#92;3"),
        ("<img src=x>", "&#60;img src=x&#62;"),
        ("a|b", "a&#124;b"),
        ("line\nbreak", "line break"),
        ("see http://x.org", "see http: //x. org"),
        ("www.x.org", "www. x. org"),
        ("a@b.org", "a at b. org"),
        ("1.25 mm", "1.25 mm"),
    ],
)
def test_text_from_a_record_renders_as_itself(text, expected):
    """Markup, tables and addresses lose their meaning; everyday names stay readable."""
    assert plain(text) == expected


@given(st.text(max_size=300))
def test_no_text_becomes_markup(text):
    """Whatever a DICOM header says, in a table cell it makes one cell of plain text, with or without linkifying."""
    escaped = plain(text)
    rendered = (
        MarkdownIt("commonmark", {"html": True}).enable("table").render(f"| a | b |\n|---|---|\n| x{escaped} | y |")
    )

    assert rendered.count("<td>") == 2
    assert set(re.findall(r"<(/?\w+)", rendered)) <= {
        *("table", "thead", "tbody", "tr", "th", "td"),
        *("/table", "/thead", "/tbody", "/tr", "/th", "/td"),
    }
    assert not re.search(r"[<>|`*_\[\]\\]|www\.|://|@", escaped)
