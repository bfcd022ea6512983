"""`osteocds opt-out` in this process: the list, files, and that no identifier is told anywhere else."""

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from cds.cli import app
from cds.ct.patient import PatientKey
from cds.settings import Settings
from cds.storage.engine import open_engine
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.tables import audit
from tests.support.clock import SettableClock

ADA = PatientKey("default", "PAT-0001", "HOSPITAL")


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    """A site that never ran."""
    monkeypatch.setenv("OSTEOCDS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("OSTEOCDS_ARCHIVE_ISSUER", "HOSPITAL")
    monkeypatch.setenv("COLUMNS", "100")


def opt_out(*arguments, given=None):
    """Run the command."""
    return CliRunner().invoke(app, ["opt-out", *map(str, arguments)], input=given)


def listed():
    """Who has opted out."""
    engine = open_engine(Settings().app_database_url)
    found = [each.patient for each in SqlOptOuts(engine, SettableClock()).listed()]
    engine.dispose()
    return found


def test_a_patient_is_added_listed_and_removed():
    """Under the archive's issuer and the tenant of the settings; only the list prints the identifier."""
    added, again = opt_out("add", "PAT-0001"), opt_out("add", " PAT-0001 ")
    on_the_list, shown = listed(), opt_out("list")
    removed = opt_out("remove", "PAT-0001")

    assert (added.exit_code, added.stdout) == (0, "1 added, 0 on the list already\n")
    assert again.stdout == "0 added, 1 on the list already\n"
    assert on_the_list == [ADA]
    assert "PAT-0001" in shown.stdout
    assert "HOSPITAL" in shown.stdout
    assert (removed.exit_code, removed.stdout) == (0, "1 removed, 0 were not on the list\n")
    assert listed() == []
    assert "PAT-0001" not in added.output + again.output + removed.output


def test_issuer_and_tenant_may_be_named():
    """Where they are not those of the settings."""
    opt_out("add", "PAT-0001", "--issuer", "CLINIC", "--tenant", "clinic")

    assert listed() == [PatientKey("clinic", "PAT-0001", "CLINIC")]


def test_each_change_is_in_the_audit():
    """Who was added and removed, as rows; adding again changes nothing and leaves none."""
    for command in ("add", "add", "remove"):
        opt_out(command, "PAT-0001")

    engine = open_engine(Settings().app_database_url)
    with engine.connect() as connection:
        rows = connection.execute(select(audit).order_by(audit.c.number)).all()
    engine.dispose()
    assert [(row.event, row.patient_id, row.caller) for row in rows] == [
        ("opt-out-added", "PAT-0001", "osteocds command line"),
        ("opt-out-removed", "PAT-0001", "osteocds command line"),
    ]


@pytest.mark.parametrize("way", ["file", "standard input"])
def test_a_table_of_patients_is_added_at_once(tmp_path, way):
    """With Excel's byte order mark and Windows line ends; a line may name an issuer; the same twice is one."""
    table = "patient_id,issuer,remark\r\nPAT-0001,,x\r\nPAT-0002,CLINIC,\r\nPAT-0001,HOSPITAL,\r\n\r\n"
    file = tmp_path / "list.csv"
    file.write_text(table, encoding="utf-8-sig", newline="")

    done = opt_out("add", "--file", file) if way == "file" else opt_out("add", "--file", "-", given=table)

    assert done.stdout == "2 added, 0 on the list already\n"
    assert listed() == [ADA, PatientKey("default", "PAT-0002", "CLINIC")]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("patient_id\nPAT-0001\nPAT-00*\n", "line 3: the patient identifier holds a wildcard"),
        ("patient_id\nPAT-0001\n \n", "line 3: the patient identifier is empty"),
        ("patient_id,issuer\nPAT-0001,A?\n", "line 2: the patient issuer holds a wildcard"),
        ("PAT-0001\nPAT-0002\n", "the first line should name the column patient_id"),
        ("", "the first line should name the column patient_id"),
    ],
)
def test_a_table_with_one_wrong_line_adds_nobody(tmp_path, table, sentence):
    """Status 2 and the line, never what stands in it."""
    file = tmp_path / "list.csv"
    file.write_text(table, encoding="utf-8")

    done = opt_out("add", "--file", file)

    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "PAT-00" not in done.stderr
    opt_out("list")
    assert listed() == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add",), "name one PATIENT_ID, or give --file CSV"),
        (("add", "PAT-0001", "--file", "list.csv"), "name one PATIENT_ID, or give --file CSV"),
        (("add", "PAT-0001*"), "PATIENT_ID: the patient identifier holds a wildcard"),
        (("add", "PAT-0001", "--issuer", ""), "PATIENT_ID: the patient issuer is empty"),
        (("add", "--file", "missing.csv"), "missing.csv cannot be read (FileNotFoundError)"),
        (("remove", "PAT-0001"), "not on the list under this identifier, issuer and tenant"),
    ],
)
def test_what_cannot_be_meant_is_status_2(arguments, sentence):
    """One line that does not repeat the identifier."""
    done = opt_out(*arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "PAT-0001" not in done.stderr
