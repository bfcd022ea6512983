"""The validators, loaded once; tests that ask for them are skipped where they cannot be had."""

import pytest

from tests.support.fhir_validators import Medplum, Pyrofile, need_fhir_tools


@pytest.fixture(scope="session")
def pyrofile():
    """pyrofile-validator."""
    need_fhir_tools()
    validator = Pyrofile()
    yield validator
    validator.close()


@pytest.fixture(scope="session")
def medplum():
    """Medplum and UCUM in node."""
    need_fhir_tools()
    validator = Medplum()
    yield validator
    validator.close()
