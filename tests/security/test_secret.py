import stat

import pytest

from cds.errors import SettingsInvalid
from cds.security.secret import link_secret
from tests.support.hook_site import some_settings


def test_a_secret_is_generated_once_and_kept(tmp_path):
    """The first start makes a secret that only the owner can read; later starts find the same."""
    settings = some_settings(data_dir=tmp_path / "new")

    first = link_secret(settings)

    assert len(first) >= 48
    assert link_secret(settings) == first
    (kept,) = (tmp_path / "new").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_two_installations_have_different_secrets(tmp_path):
    """Links of one installation open nothing in another."""
    assert link_secret(some_settings(data_dir=tmp_path / "a")) != link_secret(some_settings(data_dir=tmp_path / "b"))


def test_a_configured_secret_is_used(tmp_path):
    """All replicas of a site read the same file; the line's end does not count."""
    (tmp_path / "secret").write_text("k" * 40 + "\n")

    assert link_secret(some_settings(data_dir=tmp_path, link_secret_file=tmp_path / "secret")) == b"k" * 40


def test_a_configured_secret_is_never_made_up(tmp_path):
    """A file that is named and missing stops the start."""
    with pytest.raises(SettingsInvalid, match="LINK_SECRET_FILE"):
        link_secret(some_settings(data_dir=tmp_path, link_secret_file=tmp_path / "missing"))


def test_a_short_secret_is_refused(tmp_path):
    """A secret that could be guessed stops the start."""
    (tmp_path / "secret").write_text("short")

    with pytest.raises(SettingsInvalid, match="shorter"):
        link_secret(some_settings(data_dir=tmp_path, link_secret_file=tmp_path / "secret"))
