"""One simulated CT through the whole pipeline: segment, calibrate, assess; and what the other methods need of it."""

import time
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from scipy.ndimage import binary_erosion

from cds import __version__
from cds.bone.anatomy import MaskGrid, Spine
from cds.bone.assess import levels_to_outline, measure_volume
from cds.bone.assessment import Assessment, Software, TissueEvidence
from cds.bone.body_outline import Mask
from cds.bone.outside_air import outside_air
from cds.bone.tissue_slab import Slab, slabs_at
from cds.ct.volume import CtVolume
from cds.inference.calibrator import PhysicsCalibrator
from cds.ports import VertebraSegmenter
from models.digital_patient.calibration_cohort import Fixed, LowDoseScan, draw_low_dose_scan
from models.digital_patient.simulate import SimulatedScan, simulate
from tests.benchmarks.calibration.methods import PRIORS, Answer
from tests.benchmarks.calibration.observation import (
    CORTEX_SEEN,
    FEMORAL_CORTEX,
    Case,
    LevelReading,
    Observation,
    ScannerState,
    TissueReading,
)
from tests.benchmarks.segmentation.measuring import SOME_AGE, SOME_DAY, volume_of

FIRST_SEED: Final = 600_000
"""Training draws its patients below 100000, the benchmark of the segmenter from 500000."""
CORTEX_SEM_HU: Final = 3.0
LEAST_MUSCLE: Final = 50
SOFT_HU: Final = (-150.0, 150.0)
"""Fat, muscle and their mixtures; above is bone."""


@dataclass(frozen=True, slots=True)
class ImagedCase:
    """One measured CT: readings with the truth, and what the product said."""

    case: Case
    answer: Answer | None
    reasons: tuple[str, ...]
    flags: tuple[str, ...]
    seconds: float
    """Of one core, simulation included."""


def measure_key(
    key: int, state: ScannerState, segmenter: VertebraSegmenter, *, enriched: bool, pixel_mm: float | None = None
) -> ImagedCase:
    """Draw, simulate, measure."""
    begun = time.process_time()
    patient = draw_low_dose_scan(FIRST_SEED + key, state, Fixed(pixel_mm=pixel_mm), below_80=enriched)
    request = patient.request
    scan = simulate(FIRST_SEED + key, request)
    volume = volume_of(scan.hu, scan.affine_lps, request.acquisition.slice_thickness_mm, request.scanner.kvp)
    spine = segmenter.segment(volume, levels_to_outline(all_levels=False))
    assessment = measure_volume(
        volume,
        spine,
        PhysicsCalibrator(scanner_prior=lambda _: PRIORS[state]),
        patient_check="matched",
        today=SOME_DAY,
        software=Software(__version__, segmenter.name, segmenter.weights_sha256),
        timing_s={},
    ).assessment
    return ImagedCase(
        case=_case(key, patient, scan, enriched, _observation(scan, volume, spine, assessment, state)),
        answer=_answer(assessment),
        reasons=tuple(sorted({reason.code for reason in assessment.reasons})),
        flags=assessment.flags,
        seconds=round(time.process_time() - begun, 2),
    )


def _case(key: int, patient: LowDoseScan, scan: SimulatedScan, enriched: bool, seen: Observation) -> Case:
    """The truth is the mean of L1 and L2 as requested, also where the scan ends above L2."""
    last = scan.truth.vertebrae[-1]
    return Case(
        key=key,
        observation=seen,
        vbmd_mg_cm3=float(patient.request.vbmd_mg_cm3 or 0.0),
        phantom=(last.slope_hu_per_mg_cm3, patient.request.scanner.offset_hu),
        scanner=patient.scanner_name,
        enriched=enriched,
    )


def _answer(assessment: Assessment) -> Answer | None:
    if assessment.vbmd_mg_cm3 is None or assessment.ci95_mg_cm3 is None:
        return None
    return Answer(
        vbmd_mg_cm3=assessment.vbmd_mg_cm3,
        sd_mg_cm3=None,
        category=assessment.category,
        probability=assessment.probability_osteoporosis_range,
        ci95_mg_cm3=assessment.ci95_mg_cm3,
    )


def _observation(
    scan: SimulatedScan, volume: CtVolume, spine: Spine, assessment: Assessment, state: ScannerState
) -> Observation:
    """The product's own readings of vertebrae and tissues; beside them what only the other methods read."""
    used = [level for level in assessment.levels if level.used]
    calibration = assessment.calibration
    samples = {} if calibration is None else {each.tissue: each for each in calibration.tissues}
    air = outside_air(volume)
    return Observation(
        kvp=float(volume.series.kvp or 0.0),
        water_equivalent_diameter_cm=0.0 if calibration is None else calibration.water_equivalent_diameter_cm,
        levels=tuple(LevelReading(level.level, level.hu, level.hu_sem) for level in used),
        fat=_reading(samples.get("fat")),
        muscle=_reading(samples.get("muscle"), _mean_muscle_hu(volume, spine)),
        blood=_reading(samples.get("blood")),
        air=None if air is None else TissueReading(air.hu, air.hu, air.sem_hu),
        cortex=_cortex(scan),
        age_years=SOME_AGE,
        scanner=state,
    )


def _reading(sample: TissueEvidence | None, mean_hu: float | None = None) -> TissueReading | None:
    if sample is None:
        return None
    return TissueReading(sample.hu, sample.hu if mean_hu is None else mean_hu, sample.sem_hu)


def _mean_muscle_hu(volume: CtVolume, spine: Spine) -> float | None:
    """All of the paraspinal muscle beside the bodies that is no bone, fat between its fibres included."""
    if spine.paraspinal_muscle is None:
        return None
    slabs = slabs_at(volume, [body.centre_lps_mm[2] for body in spine.bodies])
    hu = np.concatenate([np.empty(0), *(slab.hu[_deep(slab, spine.paraspinal_muscle)] for slab in slabs)])
    soft = hu[(hu > SOFT_HU[0]) & (hu < SOFT_HU[1])]
    return float(soft.mean()) if len(soft) >= LEAST_MUSCLE else None


def _deep(slab: Slab, muscle: MaskGrid) -> Mask:
    """Squares within the outline of the muscle, one square away from its edge."""
    eroded: Mask = binary_erosion(slab.within(muscle))
    return eroded


def _cortex(scan: SimulatedScan) -> TissueReading:
    """As a femur in this scan would have read, which no chest CT shows: in favour of the mass-attenuation method."""
    path_cm = scan.truth.vertebrae[-1].water_path_cm
    hu = CORTEX_SEEN * scan.truth.scanner.hu_of(FEMORAL_CORTEX, path_cm)
    return TissueReading(hu, hu, CORTEX_SEM_HU)


def as_line(measured: ImagedCase) -> dict[str, Any]:
    """Plain, for a line of JSON."""
    return asdict(measured)


def from_line(line: dict[str, Any]) -> ImagedCase:
    """What `as_line` wrote."""
    seen = dict(line["case"]["observation"])
    for name in ("fat", "muscle", "blood", "air", "cortex"):
        seen[name] = None if seen[name] is None else TissueReading(**seen[name])
    seen["levels"] = tuple(LevelReading(**level) for level in seen["levels"])
    facts = line["case"] | {"observation": Observation(**seen), "phantom": tuple(line["case"]["phantom"])}
    answer = line["answer"]
    return ImagedCase(
        case=Case(**facts),
        answer=None if answer is None else Answer(**(answer | {"ci95_mg_cm3": tuple(answer["ci95_mg_cm3"])})),
        reasons=tuple(line["reasons"]),
        flags=tuple(line["flags"]),
        seconds=line["seconds"],
    )
