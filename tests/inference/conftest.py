import pytest

from models.digital_patient import Acquisition, ScanRequest, SimulatedScan, simulate
from tests.inference.simulated import volume_of


@pytest.fixture(scope="session")
def scan() -> SimulatedScan:
    """T11 to L3, and parts of their neighbours, in a field of view of 16 cm; not to be changed."""
    acquisition = Acquisition(pixel_mm=2.0, field_of_view_mm=160.0, noise_sd_hu=8.0, streaks=False)
    request = ScanRequest(
        cranial="T11", caudal="L3", margin_mm=8.0, aim="spine", vbmd_mg_cm3=140.0, acquisition=acquisition
    )
    return simulate(7, request)


@pytest.fixture(scope="session")
def volume(scan):
    """The scan as the port takes it."""
    return volume_of(scan)
