"""Mirrors cds/loopback.py."""

import pytest

from cds.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_this_machine(host):
    """By name and by address."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "10.0.0.1", "localhost.example.org", "127.0.0.1.nip.io"])  # noqa: S104
def test_other_machines(host):
    """Names that only look alike are not looked up."""
    assert not is_loopback(host)
