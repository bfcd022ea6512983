"""Mirrors cds/reporting/rendition.py."""

import base64
import hashlib
from html.parser import HTMLParser

import pytest

from cds.reporting.rendition import presented_form
from tests.reporting.golden_cases import CASES

TEXT = "Bone density is 70.1 mg/cm3; T9 < T10 & <script>"


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        """Note it."""
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data):
        """Add it."""
        self.text += data


def page_of(form):
    """The page, read."""
    page = Page()
    page.feed(base64.b64decode(form["data"]).decode())
    return page


def test_the_page_is_what_its_size_and_hash_say():
    """As FHIR counts: bytes, and SHA-1, of what the base64 stands for."""
    form = presented_form(CASES["assessed"], TEXT)
    page = base64.b64decode(form["data"], validate=True)

    assert form["contentType"] == "text/html"
    assert form["size"] == len(page) < 2000
    assert base64.b64decode(form["hash"]) == hashlib.sha1(page, usedforsecurity=False).digest()


@pytest.mark.parametrize("name", ["assessed", "accepted"])
def test_the_page_stands_alone(name):
    """No script, no style, no address; what was written is text and nothing else."""
    page = page_of(presented_form(CASES[name], TEXT))

    assert page.tags == ["html", "head", "meta", "title", "body", "h1", "p", "p"]
    assert page.attributes == ["lang", "charset"]
    assert TEXT in page.text


def test_the_page_says_whether_a_reader_has_accepted_it():
    """And who, and when."""
    assert "no reader has accepted it yet" in page_of(presented_form(CASES["assessed"], TEXT)).text
    assert "accepted by Dr. Ada Reader on 2026-" in page_of(presented_form(CASES["accepted"], TEXT)).text
