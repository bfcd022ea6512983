"""The standard's requirements and our tests, as a table: `python -m tests.hooks.traceability` writes README.md."""

import ast
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS_FILE = Path(__file__).with_name("traceability.toml")
README = Path(__file__).with_name("README.md")
STANDARD = ROOT.parent / "shared" / "facts" / "cds_hooks_2.0_requirements.csv"

_HEAD = """# Hooks: what the standard asks, and what holds us to it

Every SHALL, SHALL NOT, SHOULD and SHOULD NOT of [CDS Hooks 2.0](https://cds-hooks.hl7.org/2.0/) that names the
service, by its number in the requirements of the standard (`DEPRECATED` and `MAY` are left out). `says` is in our
own words; the standard's are at the link. Each row has tests or the reason why it has none.

`traceability.toml` holds the rows; `python -m tests.hooks.traceability` writes this page from them, and
`test_traceability.py` fails when a row has neither, when a test does not exist, or when this page is not current.

"""


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement: held by tests, or set aside for a reason."""

    id: int
    conformance: str
    says: str
    tests: tuple[str, ...] = ()
    reason: str = ""


def rows() -> tuple[Row, ...]:
    """In the standard's order."""
    given = tomllib.loads(ROWS_FILE.read_text("utf-8"))["row"]
    return tuple(
        sorted((Row(**each | {"tests": tuple(each.get("tests", ()))}) for each in given), key=lambda row: row.id)
    )


def names_the_service(requirement: Mapping[str, str]) -> bool:
    """Whether a line of the standard's list is ours to keep."""
    actors = {actor.strip() for actor in requirement["actors"].split(",")}
    return "Service" in actors and requirement["conformance"] in {"SHALL", "SHALL NOT", "SHOULD", "SHOULD NOT"}


def exists(test: str) -> bool:
    """Whether a test such as "tests/hooks/test_cards.py::test_x" is there."""
    file, _, name = test.partition("::")
    return name in _tests_in(ROOT / file)


@lru_cache
def _tests_in(file: Path) -> frozenset[str]:
    if not file.is_file():
        return frozenset()
    body = ast.parse(file.read_text("utf-8")).body
    functions = (each for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(each.name for each in functions if each.name.startswith("test_"))


def page() -> str:
    """README.md."""
    held = sum(bool(row.tests) for row in rows())
    lines = [
        _HEAD,
        f"{len(rows())} requirements: {held} held by tests, {len(rows()) - held} set aside for a reason.\n\n",
    ]
    lines.append("| # | conformance | says | held by |\n|---:|---|---|---|\n")
    lines.extend(f"| {row.id} | {row.conformance} | {row.says} | {_held_by(row)} |\n" for row in rows())
    return "".join(lines)


def _held_by(row: Row) -> str:
    if not row.tests:
        return row.reason
    return "<br>".join(f"`{test.removeprefix('tests/')}`" for test in row.tests)


if __name__ == "__main__":
    README.write_text(page(), "utf-8")
