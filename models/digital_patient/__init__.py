"""Simulated CT of digital patients with known trabecular density: arrays and truth, by seed."""

from models.digital_patient.acquisition import Acquisition
from models.digital_patient.anatomy import PatientOptions
from models.digital_patient.cohort import draw_request
from models.digital_patient.scanner import Scanner
from models.digital_patient.simulate import ScanRequest, SimulatedScan, simulate
from models.digital_patient.structures import LEVELS, Structure
from models.digital_patient.truth import ScanTruth, VertebraTruth

__all__ = [
    "LEVELS",
    "Acquisition",
    "PatientOptions",
    "ScanRequest",
    "ScanTruth",
    "Scanner",
    "SimulatedScan",
    "Structure",
    "VertebraTruth",
    "draw_request",
    "simulate",
]
