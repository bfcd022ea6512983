"""Sentences of the measurement in the language of the page.

A stored reason is an English sentence, filled in. Its facts are read back by the sentence that
made it, and put into the translated one. A sentence of another version stays as it is.
"""

import re
from collections.abc import Sequence
from functools import cache
from string import Formatter

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Assessment
from cds.bone.words import category_words, flag_words
from cds.ct.reason import SENTENCES, Reason
from cds.pages.language import Wording

_OF_LEVEL = re.compile(rf"(?P<level>{'|'.join(VertebralLevel)}): (?P<sentence>.+)", re.DOTALL)


def reason_said(reason: Reason, wording: Wording) -> str:
    """A reason, with the vertebra in front where it is of one."""
    of_level = _OF_LEVEL.fullmatch(reason.text)
    sentence = of_level["sentence"] if of_level else reason.text
    facts = _facts_in(sentence, reason.code)
    said = sentence if facts is None or wording.language == "en" else _filled(SENTENCES[reason.code], facts, wording)
    return wording.say("{level}: {sentence}", level=of_level["level"], sentence=said) if of_level else said


def flag_said(code: str, wording: Wording) -> str:
    """A quality flag."""
    return wording.texts.get(flag_words(code), flag_words(code))


def category_said(assessment: Assessment, wording: Wording) -> str:
    """The category; never a diagnosis."""
    return wording.say(category_words(assessment))


def fractures_said(assessment: Assessment, wording: Wording) -> Sequence[str]:
    """One sentence for each vertebra that lost a quarter of its height; never a diagnosis."""
    return [
        wording.say(
            "{level}: {percent} % height loss, possible fracture, please look at the images.",
            level=each.level.value,
            percent=f"{each.percent:.0f}",
        )
        for each in assessment.height_losses
    ]


def _filled(template: str, facts: dict[str, str], wording: Wording) -> str:
    """The translated sentence names its facts without formats: they are formatted already, or texts themselves."""
    translated = wording.texts.get(template, _without_formats(template))
    return translated.format(**{name: wording.texts.get(fact, fact) for name, fact in facts.items()})


def _without_formats(template: str) -> str:
    parts = Formatter().parse(template)
    return "".join(literal + ("" if name is None else f"{{{name}}}") for literal, name, _, _ in parts)


def _facts_in(sentence: str, code: str) -> dict[str, str] | None:
    if code not in SENTENCES:
        return None
    found = _pattern_of(SENTENCES[code]).fullmatch(sentence)
    return None if found is None else found.groupdict()


@cache
def _pattern_of(template: str) -> re.Pattern[str]:
    parts = []
    for literal, name, _, _ in Formatter().parse(template):
        parts.append(re.escape(literal) + ("" if name is None else f"(?P<{name}>.+?)"))
    return re.compile("".join(parts), re.DOTALL)
