"""Which language a page is in, and its texts.

Every text is written in English in code and templates and looked up in the catalogue of the
language; one that is missing there stays English. Texts are filled with `str.format`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, get_args

from babel import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po

from cds.bone.words import day_words

Language = Literal["en", "zh-Hans"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
OWN_NAMES: Final[Mapping[Language, str]] = {"en": "English", "zh-Hans": "简体中文"}
CATALOGUES: Final = Path(__file__).parent / "catalogues"
_LONGEST_HEADER: Final = 1000


@dataclass(frozen=True, slots=True)
class Wording:
    """Texts and dates in one language."""

    language: Language
    texts: Mapping[str, str]

    @classmethod
    def read(cls, language: Language) -> "Wording":
        """From the catalogue beside this file; English needs none."""
        return cls(language, {} if language == "en" else _texts_of(language))

    def say(self, text: str, **facts: object) -> str:
        """The text, filled in."""
        return self.texts.get(text, text).format(**facts)

    def day(self, day: date | None) -> str:
        """A date as people of the language write it."""
        if day is None:
            return self.say("date unknown")
        return day_words(day) if self.language == "en" else format_date(day, "long", Locale.parse("zh_Hans_CN"))


@cache
def _texts_of(language: Language) -> Mapping[str, str]:
    with (CATALOGUES / f"{language.replace('-', '_')}.po").open("rb") as file:
        catalogue = read_po(file)
    return MappingProxyType({str(each.id): str(each.string) for each in catalogue if each.id and each.string})


def preferred(asked: str | None, accept_language: str | None) -> Language:
    """By parameter, else by the header (RFC 9110, 12.5.4), else English."""
    chosen = None if asked is None else _known(asked)
    if chosen is not None:
        return chosen
    for tag in _by_preference(accept_language or ""):
        if (known := _known(tag)) is not None:
            return known
    return "en"


def _known(tag: str) -> Language | None:
    """Traditional Chinese is another script: its readers get English."""
    parts = tag.strip().lower().split("-")
    if parts[0] == "en":
        return "en"
    traditional = {"hant", "tw", "hk", "mo"} & set(parts[1:])
    return "zh-Hans" if parts[0] == "zh" and not traditional else None


def _by_preference(header: str) -> Sequence[str]:
    weighted = []
    for place, each in enumerate(header[:_LONGEST_HEADER].split(",")):
        tag, _, parameter = each.partition(";")
        weight = _weight(parameter)
        if tag.strip() and weight > 0:
            weighted.append((-weight, place, tag))
    return [tag for _, _, tag in sorted(weighted)]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
