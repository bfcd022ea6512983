"""Every text that a page may say: literals of `say(...)` in code and templates, and the tables of sentences."""

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

import cds.pages
from cds.bone.correction import WHY_NOT
from cds.bone.left_out import IN_GENERAL
from cds.bone.reference import NORMS
from cds.bone.words import CATEGORIES, FLAGS, RULE_IN_ONLY
from cds.ct.reason import SENTENCES
from cds.ct.selection import ADVANTAGES
from cds.pages.launch_desk import LAUNCH_TEXTS
from cds.pages.reading_desk import READING_TEXTS
from cds.pages.routes import CLOSED
from cds.settings import Settings

PAGES = Path(cds.pages.__file__).parent
OF_WORDS = (
    RULE_IN_ONLY,
    "low, osteoporosis range not excluded",
    "may lie in the osteoporosis range",
    "above 99 %",
    "below 1 %",
)


def texts_in_use() -> set[str]:
    """All of them, in English."""
    tables = (*CATEGORIES.values(), *FLAGS.values(), *SENTENCES.values(), *OF_WORDS)
    closed = [text for _, *texts in (*CLOSED, *LAUNCH_TEXTS, *READING_TEXTS) for text in texts] + [*WHY_NOT.values()]
    facts = (*ADVANTAGES, *(instead for _, instead in IN_GENERAL.values()))
    people = [norm.people for norm in NORMS.values()]
    notice = str(Settings.model_fields["notice"].default)
    return {*_of_code(), *_of_templates(), *tables, *facts, *closed, *people, notice}


def _of_code() -> Iterator[str]:
    for file in sorted(PAGES.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "say":
                yield from (each.value for each in node.args if isinstance(each, ast.Constant))


def _of_templates() -> Iterator[str]:
    for file in sorted((PAGES / "templates").glob("*.html")):
        for call in Environment(autoescape=True).parse(file.read_text(encoding="utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "say":
                yield from (each.value for each in call.args if isinstance(each, nodes.Const))
