"""The script behind the tables, on the few cells that take a moment only."""

import json

import numpy as np
import pytest

from models.hu_calibration import build_tables as script
from models.hu_calibration.materials import FILTRATIONS, MINERALS, TISSUES, WATER
from models.hu_calibration.slope_table import SlopeTable


def test_compositions_are_complete():
    """The mass fractions of every material sum to one."""
    for composition, _ in (*MINERALS.values(), *TISSUES.values()):
        assert sum(composition.values()) == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize(("energy_kev", "expected"), [(60, 0.2059), (70, 0.1929), (80, 0.1837)])
def test_water_attenuates_as_nist_says(energy_kev, expected):
    """mu/rho of water agrees with the NIST tables to four decimals."""
    assert script.mass_attenuation(WATER, np.array([float(energy_kev)]))[0] == pytest.approx(expected, abs=1e-4)


def test_compton_recoil_grows_with_energy():
    """A 100 keV photon leaves 13.8 % of its energy in a Compton electron (Klein-Nishina)."""
    assert script.compton_recoil_fraction(np.array([100.0]))[0] == pytest.approx(0.138, abs=0.002)


def test_the_scintillator_loses_fluorescence_above_the_edge():
    """Just above the K edge of gadolinium a photon leaves less energy than just below."""
    below, above = script.absorbed_energy(np.array([50.0, 50.5]))

    assert above < 0.5 * below


def test_the_script_yields_the_shipped_numbers(monkeypatch, tmp_path):
    """Rebuilt for one filtration and two voltages, the document holds the shipped slopes and HU."""
    monkeypatch.setattr(script, "KVP", (100, 120))
    monkeypatch.setattr(script, "FILTRATIONS", {"standard": FILTRATIONS["standard"]})
    script.main([str(tmp_path / "tables.json")])

    text = (tmp_path / "tables.json").read_text(encoding="utf-8")
    rebuilt, shipped = SlopeTable.parse(text), SlopeTable.load()

    assert json.loads(text)["provenance"]["filtration_mm"] == {"standard": {"Al": 4.0, "Cu": 0.2}}
    for kvp in (100, 120):
        for path_cm in (10, 26, 50):
            assert rebuilt.slope_hu_per_mg_cm3(kvp, path_cm) == pytest.approx(
                shipped.slope_hu_per_mg_cm3(kvp, path_cm), rel=1e-3
            )
            assert rebuilt.tissue_hu("blood", kvp, path_cm) == pytest.approx(
                shipped.tissue_hu("blood", kvp, path_cm), abs=0.5
            )
