"""Results as HTML: one document without anything from elsewhere, for the web and for a file alike."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cds.bone.words import RULE_IN_ONLY
from cds.pages.correction_view import correction_form
from cds.pages.illustration import Standing, illustration_of
from cds.pages.language import LANGUAGES, OWN_NAMES, Language, Wording
from cds.pages.reading_form import seen
from cds.pages.view import view_of
from cds.picture import Picture
from cds.ports import History, StoredResult
from cds.reader import Reader

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Document:
    """HTML, and the policy that it is to be shown under."""

    html: str
    policy: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A named reader looks at the page, and may decide about the result."""

    reader: Reader
    form_token: str
    address: str
    """Where the forms go, and the language with them."""


@dataclass(frozen=True, slots=True)
class Illustrated:
    """A result with what belongs beside it."""

    result: StoredResult
    history: Sequence[StoredResult] = ()
    """Of the same patient, as the archive has said lately."""
    pictures: Sequence[Picture] = ()
    standing: Standing = "drawn"
    reading: Reading | None = None
    being_checked: Sequence[StoredResult] = ()
    """Of the same patient, as far as is known; the archive has not said so lately."""


def _form_of(result: StoredResult, wording: Wording) -> dict[str, object]:
    return {"seen": seen(result), "correction": correction_form(result, wording)}


class ReportDocuments:
    """Renders in every language; built once."""

    def __init__(self, notice: str) -> None:
        self._notice = notice
        self._wordings = {language: Wording.read(language) for language in LANGUAGES}
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def report(self, shown: Illustrated, language: Language, *, as_file: bool = False) -> Document:
        """A result, assessed or not. `as_file`: the policy is in it, and no link leads to another language."""
        wording = self._wordings[language]
        illustration = illustration_of(shown.result, shown.pictures, shown.standing, wording)
        view = view_of(shown.result, History(shown.history, shown.being_checked), illustration, wording)
        form = {} if shown.reading is None else _form_of(shown.result, wording)
        told = {"view": view, "rule_in_only": RULE_IN_ONLY, "reading": shown.reading, **form}
        template = "report.html" if shown.reading is None else "reading.html"
        return self._document(template, language, told, as_file=as_file)

    def closed(
        self,
        notice: tuple[str, str],
        language: Language,
        facts: Mapping[str, object],
        *,
        switchable: bool = True,
        back: str = "",
    ) -> Document:
        """Why there is no report: title and text, which is filled with the facts.

        `switchable`: asking for the same address in another language answers the same; `back`: where to go on.
        """
        title, text = notice
        told = {"title": title, "text": text, "facts": facts, "back": back}
        return self._document("closed.html", language, told, switchable=switchable)

    def wording(self, language: Language) -> Wording:
        """Texts of a language."""
        return self._wordings[language]

    def _document(
        self,
        template: str,
        language: Language,
        told: Mapping[str, object],
        *,
        as_file: bool = False,
        switchable: bool = True,
    ) -> Document:
        nonce, wording = secrets.token_urlsafe(16), self._wordings[language]
        sent_to = "'none'" if told.get("reading") is None else "'self'"
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; base-uri 'none'; form-action {sent_to}; "
            "frame-ancestors 'none'"
        )
        html = self._templates.get_template(template).render(
            nonce=nonce,
            say=wording.say,
            wording=wording,
            notice=wording.texts.get(self._notice, self._notice),
            languages=[] if as_file or not switchable else [(code, OWN_NAMES[code]) for code in LANGUAGES],
            policy_inside=policy.removesuffix("; frame-ancestors 'none'") if as_file else "",
            **told,
        )
        return Document(html, policy)
