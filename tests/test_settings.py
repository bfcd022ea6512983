"""Settings as an operator writes them: in the environment."""

import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import make_url

from cds.cli.configuration import read_settings
from cds.errors import SettingsInvalid
from cds.settings import OrderCode, Settings


def test_origins_are_separated_by_commas(monkeypatch):
    """A list needs no JSON."""
    monkeypatch.setenv("OSTEOCDS_FHIR_ORIGINS", "https://a.example.org, https://b.example.org")

    assert Settings().fhir_origins == ("https://a.example.org", "https://b.example.org")


@pytest.mark.parametrize(("text", "days"), [("none", None), ("None", None), ("90", 90)])
def test_any_age_is_said_in_words(monkeypatch, text, days):
    """`none` accepts scans of any age."""
    monkeypatch.setenv("OSTEOCDS_MAX_SCAN_AGE_DAYS", text)

    assert Settings().max_scan_age_days == days


def test_settings_do_not_change():
    """What was read at start holds until the end."""
    with pytest.raises(ValidationError):
        Settings().port = 1


def test_base_url_is_where_clients_are():
    """Links carry the public address where there is one, without a slash at the end."""
    assert Settings(port=8480).base_url == "http://127.0.0.1:8480"
    assert Settings(public_url="https://cds.example.org/bone/").base_url == "https://cds.example.org/bone"


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "70000"), ("WAIT_BUDGET_S", "soon"), ("MODE", "loud"), ("POPULATION", "mars"), ("ARCHIVE_URL", "pacs")],
)
def test_wrong_values_are_refused_by_name_and_not_repeated(monkeypatch, name, value):
    """The message names the variable; its value, which may be a secret, is not repeated but for a population."""
    monkeypatch.setenv(f"OSTEOCDS_{name}", value)

    with pytest.raises(SettingsInvalid, match=f"OSTEOCDS_{name}") as refused:
        read_settings()

    assert name == "POPULATION" or value not in str(refused.value)


def test_order_codes_are_written_in_one_line(monkeypatch):
    """system|code|display, separated by semicolons; the display may hold commas, or be left out."""
    monkeypatch.setenv(
        "OSTEOCDS_DXA_ORDER_CODES", "urn:oid:1.2.3|DXA AX|DXA, axial; http://www.ama-assn.org/go/cpt|77080;"
    )

    assert Settings().dxa_order_codes == (
        OrderCode("urn:oid:1.2.3", "DXA AX", "DXA, axial"),
        OrderCode("http://www.ama-assn.org/go/cpt", "77080"),
    )


@pytest.mark.parametrize("value", ["77080", "cpt|77080", "http://loinc.org|", "http://loinc.org|a|b|c", ";", ""])
def test_order_codes_that_no_order_can_carry_stop_the_start(monkeypatch, value):
    """A code needs a system that is a URI; none at all is not an order."""
    monkeypatch.setenv("OSTEOCDS_DXA_ORDER_CODES", value)

    with pytest.raises(SettingsInvalid, match="OSTEOCDS_DXA_ORDER_CODES"):
        read_settings()


def test_two_archives_are_one_too_many(monkeypatch, tmp_path):
    """Folder and server at once are refused: nobody could tell which one holds the truth."""
    monkeypatch.setenv("OSTEOCDS_ARCHIVE_FOLDER", str(tmp_path))
    monkeypatch.setenv("OSTEOCDS_ARCHIVE_URL", "https://pacs.example.org/dicom-web")

    with pytest.raises(SettingsInvalid, match="not both"):
        read_settings()


def test_two_segmenters_are_one_too_many(monkeypatch, tmp_path):
    """Weights for the shipped networks and a segmenter of the site's own exclude each other."""
    monkeypatch.setenv("OSTEOCDS_WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setenv("OSTEOCDS_SEGMENTER", "totalsegmentator")

    with pytest.raises(SettingsInvalid, match="OSTEOCDS_SEGMENTER or OSTEOCDS_WEIGHTS_DIR, not both"):
        read_settings()


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_segmenter_is_none(monkeypatch, text):
    """An empty variable, as deployments leave them, means the shipped networks."""
    monkeypatch.setenv("OSTEOCDS_SEGMENTER", text)

    assert read_settings().segmenter is None


def test_results_are_stored_in_servers_alone(monkeypatch, tmp_path):
    """Off by default; on, it needs a DICOMweb server, because a folder is only read."""
    assert not Settings().store_results
    monkeypatch.setenv("OSTEOCDS_STORE_RESULTS", "true")
    monkeypatch.setenv("OSTEOCDS_ARCHIVE_FOLDER", str(tmp_path))
    with pytest.raises(SettingsInvalid, match="OSTEOCDS_STORE_RESULTS needs OSTEOCDS_ARCHIVE_URL"):
        read_settings()

    monkeypatch.delenv("OSTEOCDS_ARCHIVE_FOLDER")
    monkeypatch.setenv("OSTEOCDS_ARCHIVE_URL", "https://pacs.example.org/dicom-web")
    assert read_settings().store_results


def _on_a_server(monkeypatch, password_file, url="postgresql://osteocds@db:5432/osteocds"):
    monkeypatch.setenv("OSTEOCDS_DATABASE_URL", url)
    monkeypatch.setenv("OSTEOCDS_QUEUE_DATABASE_URL", "postgresql://osteocds@db/queue")
    monkeypatch.setenv("OSTEOCDS_DATABASE_PASSWORD_FILE", str(password_file))


@given(password=st.text(st.characters(blacklist_categories=["Cs", "Cc", "Z"]), min_size=1))
def test_any_password_of_the_database_comes_from_its_file(password):
    """Whatever characters it has, SQLAlchemy reads it back from both URLs; the settings themselves do not show it."""
    with pytest.MonkeyPatch.context() as monkeypatch, tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(f"{password}\n")
        file.flush()
        _on_a_server(monkeypatch, file.name)

        settings = read_settings()

        urls = [make_url(settings.app_database_url), make_url(settings.durable_database_url)]
        assert [(url.password, url.username, url.host) for url in urls] == [(password, "osteocds", "db")] * 2
        assert (urls[0].port, urls[0].database, urls[1].database) == (5432, "osteocds", "queue")
        assert settings.database_url == "postgresql://osteocds@db:5432/osteocds"


@pytest.mark.parametrize("url", ["postgresql://osteocds:secret@db/osteocds", "postgresql://db/x", "sqlite:///x.db"])
def test_a_password_file_needs_urls_that_name_a_user_alone(monkeypatch, tmp_path, url):
    """Two passwords, or one for nobody, are a mistake; the message repeats neither."""
    (tmp_path / "password").write_text("from-the-file")
    _on_a_server(monkeypatch, tmp_path / "password", url)

    with pytest.raises(SettingsInvalid, match="OSTEOCDS_DATABASE_PASSWORD_FILE needs") as refused:
        read_settings()

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("text", "why"), [(None, "cannot be read: No such file"), (" \n", "is empty")])
def test_a_password_file_that_is_missing_or_empty_is_refused_at_start(monkeypatch, tmp_path, text, why):
    """Not when the first hook asks."""
    if text is not None:
        (tmp_path / "password").write_text(text)
    _on_a_server(monkeypatch, tmp_path / "password")

    with pytest.raises(SettingsInvalid, match=f"OSTEOCDS_DATABASE_PASSWORD_FILE {why}"):
        read_settings()
