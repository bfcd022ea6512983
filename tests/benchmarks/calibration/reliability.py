"""Whether `probability_osteoporosis_range` keeps its promise, per tenth, at natural prevalence.

Probabilities between 0.1 and 0.9 are told to few: hence many more patients than in the tables, of whom only those are
read who lie near enough to 80 to be told anything but 0 or 1.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from cds.bone.probability import probability_osteoporosis_range
from models.digital_patient.calibration_tissues import COHORT_SHIFT_MG_CM3
from models.digital_patient.materials import expected_vbmd_mg_cm3
from tests.benchmarks.calibration.draw import draw_case, drawn_vbmd
from tests.benchmarks.calibration.intervals import reliability
from tests.benchmarks.calibration.methods import Answer
from tests.benchmarks.calibration.observation import Case, Observation

PATIENTS: Final = 60_000
FIRST_KEY: Final = 1_000_000
NEAR_MG_CM3: Final = (55.0, 105.0)
"""Six standard deviations of a documented scanner's answer to either side."""
FITTING_NORM_SD: Final = 28.6
"""Within one age: 27 in each sex, and the sexes 0.8 mg/cm3 to either side for every year from 45."""


def record_of(read: Callable[[Observation], Answer | None], patients: int = PATIENTS) -> dict[str, Any]:
    """Tenths with no norm named (a flat prior), and with a norm that fits the people who come."""
    keys = range(FIRST_KEY, FIRST_KEY + patients)
    near = [key for key in keys if NEAR_MG_CM3[0] <= drawn_vbmd(key) <= NEAR_MG_CM3[1]]
    cases = [draw_case(key, "documented") for key in near]
    told = [(case, answer) for case in cases if (answer := read(case.observation)) is not None]
    truth = np.array([case.vbmd_mg_cm3 for case, _ in told])
    flat = np.array([answer.probability for _, answer in told], dtype=np.float64)
    fitting = np.array([_with_norm(case, answer) for case, answer in told])
    return {
        "patients": patients,
        "read": len(told),
        "no norm named": [tenth.as_record() for tenth in reliability(flat, truth)],
        "a norm that fits": [tenth.as_record() for tenth in reliability(fitting, truth)],
    }


def _with_norm(case: Case, answer: Answer) -> float:
    """The probability as the product gives it where a norm is named."""
    prior = expected_vbmd_mg_cm3(case.observation.age_years) + COHORT_SHIFT_MG_CM3, FITTING_NORM_SD
    return probability_osteoporosis_range(answer.vbmd_mg_cm3, answer.sd_mg_cm3, "none", prior)
