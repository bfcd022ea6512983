"""`osteocds settings`: every setting with its default and meaning, read from the code.

Meanings are the docstrings below the fields of `Settings`; Python keeps them in the source alone.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from cds.errors import OutputNotWritable
from cds.settings import Settings

_HEADING = """# Settings

Every one is an environment variable. Made from `cds/settings.py` by `osteocds settings --out cds/SETTINGS.md`.
A dash as default: not set. Secrets are read from files that settings name.
"""
_NAMED = {"path": "path", "uri": "URL", "boolean": "true, false", "array": "list", "string": "text"}
_HEAD = ("| setting | value | default | meaning |", "|---|---|---|---|")


@dataclass(frozen=True, slots=True)
class SettingWords:
    """What the source says about one setting."""

    section: str
    variable: str
    kind: str
    default: str
    meaning: str


def run_settings(out: Path | None) -> None:
    """Print the reference, or write it."""
    text = reference()
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise OutputNotWritable(f"{out} cannot be written: {fault.strerror}") from fault


def reference() -> str:
    """As Markdown: a section for each comment that heads a group of fields, a row for each field."""
    lines, section = [_HEADING], None
    for each in described():
        if each.section != section:
            section = each.section
            lines += [f"\n## {section[:1].upper()}{section[1:]}\n", *_HEAD]
        row = (f"`{each.variable}`", each.kind, each.default, each.meaning)
        lines.append(f"| {' | '.join(_cell(part) for part in row)} |")
    return "\n".join(lines) + "\n"


def described() -> Iterator[SettingWords]:
    """Every setting, in the order of the source."""
    source = textwrap.dedent(inspect.getsource(Settings))
    (body,) = (node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    headings = _headings(source)
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            section = next(text for line, text in reversed(headings) if line < node.lineno)
            yield SettingWords(section, f"OSTEOCDS_{name.upper()}", _kind(name), _default(name), _docstring(after))


def _headings(source: str) -> list[tuple[int, str]]:
    """Line and text of the comments that head groups."""
    lines = enumerate(source.splitlines(), 1)
    return [(number, line.strip()[2:]) for number, line in lines if line.startswith("    # ")]


def _docstring(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def _kind(name: str) -> str:
    """As a person would say it, from the schema that pydantic makes of the field."""
    field = Settings.model_json_schema()["properties"][name]
    kinds = [each for each in field.get("anyOf", [field]) if each.get("type") != "null"]
    return " or ".join(_one_kind(each) for each in kinds)


def _one_kind(field: Mapping[str, object]) -> str:
    if isinstance(values := field.get("enum"), list):
        return ", ".join(map(str, values))
    named = _NAMED.get(str(field.get("format"))) or _NAMED.get(str(field.get("type")))
    return named or _range("whole number" if field.get("type") == "integer" else "number", field)


def _range(kind: str, field: Mapping[str, object]) -> str:
    """With its limits."""
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}
    limits = [f"{word} {float(str(field[key])):.10g}" for key, word in words.items() if key in field]
    return " ".join([kind, *limits])


def _default(name: str) -> str:
    field = Settings.model_fields[name]
    if field.default_factory is not None:
        return "the user's data folder"
    match field.default:
        case None | ():
            return "-"
        case bool(value):
            return str(value).lower()
        case tuple(values):
            return "; ".join("|".join(filter(None, each)) for each in values)
        case value:
            return f"{value:g}" if isinstance(value, float) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
