"""Mirrors cds/pages/language.py and cds/pages/sentences.py."""

from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.ct.reason import SENTENCES, Reason, because
from cds.pages.language import Wording, preferred
from cds.pages.sentences import reason_said
from tests.support.page_texts import texts_in_use

ENGLISH, CHINESE = Wording.read("en"), Wording.read("zh-Hans")


@pytest.mark.parametrize(
    ("asked", "header", "language"),
    [
        (None, None, "en"),
        (None, "", "en"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        (None, "en;q=0.5, zh-Hans;q=0.9", "zh-Hans"),
        (None, "de-DE, fr;q=0.7", "en"),
        (None, "zh-TW, en;q=0.5", "en"),  # another script
        (None, "zh;q=0, en;q=0.1", "en"),  # refused
        (None, "zh;q=many", "en"),
        ("zh", "en", "zh-Hans"),
        ("zh-Hans", None, "zh-Hans"),
        ("en", "zh", "en"),
        ("tlh", "zh", "zh-Hans"),  # unknown: as if not asked
    ],
)
def test_which_language(asked, header, language):
    """The parameter, else the header in its order of preference, else English."""
    assert preferred(asked, header) == language


@given(st.none() | st.text(max_size=50), st.none() | st.text(max_size=300))
def test_any_header_gives_a_language(asked, header):
    """Whatever a client sends."""
    assert preferred(asked, header) in {"en", "zh-Hans"}


def test_every_text_is_in_the_catalogue_and_nothing_else():
    """No page is half translated, and no translation outlives its text."""
    assert set(CHINESE.texts) == texts_in_use()


def test_translations_take_the_facts_of_their_texts():
    """All of them, and none besides; formats are dropped, because facts of sentences are formatted already."""
    for text, translated in CHINESE.texts.items():
        assert names_in(text) == names_in(translated), text
        if text in SENTENCES.values():
            assert all(not spec for _, name, spec, _ in Formatter().parse(translated) if name)


def names_in(text):
    """The facts that a text takes."""
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


def test_the_catalogue_says_that_no_clinician_has_read_it():
    """Whoever opens the file, and whoever reads the page, is told."""
    assert "尚未经临床医生审阅" in CHINESE.say(
        "This translation has not been reviewed by a clinician yet; the English page holds."
    )


FACTS = {"d": st.integers(0, 999), "f": st.floats(0, 999), "g": st.floats(0, 999), "": st.sampled_from(["DX", "-1 x"])}


@st.composite
def reasons(draw):
    """Any reason, filled in with anything that it could hold."""
    code = draw(st.sampled_from(sorted(SENTENCES)))
    facts = {name: draw(FACTS[(spec or "")[-1:]]) for _, name, spec, _ in Formatter().parse(SENTENCES[code]) if name}
    return because(code, **facts), facts


@given(reasons())
def test_a_reason_keeps_its_facts_in_translation(drawn):
    """Numbers read as in English; in English the sentence stays as it is."""
    reason, facts = drawn

    said = reason_said(reason, CHINESE)

    assert reason_said(reason, ENGLISH) == reason.text
    assert "{" not in said
    for _, name, spec, _ in Formatter().parse(SENTENCES[reason.code]):
        if name:
            assert format(facts[name], spec or "") in said


def test_the_reason_of_a_level_keeps_its_level():
    """The name stands in front in every language."""
    reason = Reason("level-cut", f"L1: {SENTENCES['level-cut']}")

    assert reason_said(reason, ENGLISH) == "L1: The vertebra is cut by the edge of the scan."
    assert reason_said(reason, CHINESE) == "L1\N{FULLWIDTH COLON}该椎体被扫描边缘截断。"


def test_a_sentence_of_another_version_is_shown_as_it_is():
    """Better English than wrong."""
    old = Reason("level-cut", "The vertebra was cut.")

    assert reason_said(old, CHINESE) == old.text
    assert reason_said(Reason("of-tomorrow", "Unheard of."), CHINESE) == "Unheard of."
