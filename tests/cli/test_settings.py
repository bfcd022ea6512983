"""The settings reference says what the code says."""

from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

import cds
from cds.cli import app
from cds.cli.settings import described, reference
from cds.settings import Settings

REFERENCE = Path(cds.__file__).parent / "SETTINGS.md"


def test_every_setting_is_there_once():
    """In the order of the source, each with its meaning."""
    found = list(described())

    assert [each.variable for each in found] == [f"OSTEOCDS_{name.upper()}" for name in Settings.model_fields]
    assert [each.variable for each in found if not each.meaning] == []


def test_the_reference_in_the_repository_is_up_to_date():
    """Else: osteocds settings --out cds/SETTINGS.md."""
    assert REFERENCE.read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize(
    ("variable", "kind", "default", "meaning"),
    [
        ("OSTEOCDS_PORT", "whole number from 0 to 65535", "8480", "Where it listens"),
        ("OSTEOCDS_CLIENT_AUTH", "required, off", "required", "required: every hook call carries"),
        ("OSTEOCDS_WAIT_BUDGET_S", "number from 0 to 60", "0.4", "How long order-sign may wait"),
        ("OSTEOCDS_ARCHIVE_URL", "URL", "-", "DICOMweb root"),
        ("OSTEOCDS_STORE_RESULTS", "true, false", "false", "Store a segmentation"),
    ],
)
def test_kind_default_and_meaning_are_those_of_the_field(variable, kind, default, meaning):
    """With limits and units as they stand in the code."""
    (found,) = (each for each in described() if each.variable == variable)

    assert (found.kind, found.default) == (kind, default)
    assert found.meaning.startswith(meaning)


def test_it_is_printed_or_written(tmp_path):
    """The same either way."""
    try:
        printed = CliRunner().invoke(app, ["settings"])
        CliRunner().invoke(app, ["settings", "--out", str(tmp_path / "SETTINGS.md")])
    finally:
        structlog.reset_defaults()

    assert printed.stdout == (tmp_path / "SETTINGS.md").read_text(encoding="utf-8") == reference()
