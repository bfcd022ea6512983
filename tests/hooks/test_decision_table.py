"""The decision table as clinicians read it, in `cds/hooks/README.md`."""

from pathlib import Path

from cds.hooks.judgement import DXA, LOUDNESS, QUIET, REMARKS
from cds.settings import Settings

README = Path(__file__).parents[2] / "cds" / "hooks" / "README.md"
QUESTIONS = {
    "Is there a card? Not if any of these rows holds": QUIET,
    "How loud is it? The first row that holds decides": LOUDNESS,
    "What about DXA? The first row that holds decides": DXA,
    "What does the card say of the chart? Every row that holds": REMARKS,
}


def as_tables():
    """The table of the program in Markdown."""
    return "\n\n".join(f"### {question}\n\n{_table(rows)}" for question, rows in QUESTIONS.items())


def _table(rows):
    lines = ["| result | chart, user | then | source |", "|---|---|---|---|"]
    lines += [f"| {row.result.words} | {row.chart.words} | {row.then} | {row.source} |" for row in rows]
    return "\n".join(lines)


def test_the_readme_shows_the_table_that_the_program_uses():
    """Row by row the same; when this fails, put what `as_tables` gives into the README."""
    assert as_tables() in README.read_text()


def test_the_numbers_in_the_table_are_the_settings_defaults():
    """Where a row names a number that the site can change, it names the default."""
    settings, words = Settings(), as_tables()

    assert f"younger than the site's age limit ({settings.youngest_age})" in words
    assert f"within the site's time ({settings.override_quiet_days} days)" in words
    assert f"within the site's time ({settings.repeat_quiet_days} days), on any hook" in words
