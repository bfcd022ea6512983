"""The product on one CT in memory: outlines, regions and the assessment, by the rules of `cds.bone`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from cds import __version__
from cds.bone.anatomy import MaskGrid, Spine, VertebralBody, VertebralLevel
from cds.bone.assess import measure_volume
from cds.bone.assessment import Assessment, Software
from cds.bone.contrast import DENSE_BLOOD_HU
from cds.bone.survey import Survey, survey_levels
from cds.bone.tissues import sample_tissues
from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.ct.volume import CtVolume
from cds.inference.calibrator import PhysicsCalibrator
from cds.ports import VertebraSegmenter
from tests.benchmarks.segmentation.bodies import FoundBody, TrueBody

SOME_DAY = date(2026, 1, 1)
SOME_AGE = 65
"""The benchmark scans have no age; it moves the category, not the density."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """All that the product says of one CT."""

    spine: Spine
    bodies: tuple[FoundBody, ...]
    assessment: Assessment

    @property
    def is_ambiguous(self) -> bool:
        """The result carries the flag of doubtful names."""
        return "level-ambiguous" in self.assessment.flags


def volume_of(hu: np.ndarray, affine_lps: np.ndarray, slice_thickness_mm: float, kvp: float = 120.0) -> CtVolume:
    """An array as the CT of somebody at some day; HU are rounded to int16."""
    series = CtSeries(
        study_uid="1.2.3",
        series_uid="1.2.3.4",
        patient=ArchivedPatient("BENCHMARK"),
        modality="CT",
        kvp=kvp,
        kernel="STANDARD",
        slice_thickness_mm=slice_thickness_mm,
        patient_age_years=SOME_AGE,
    )
    return CtVolume(np.rint(hu).clip(-32768, 32767).astype(np.int16), np.array(affine_lps, np.float64), series)


def measure(volume: CtVolume, segmenter: VertebraSegmenter) -> Measured:
    """Outline every level, measure each, and assess as `osteocds assess` does."""
    spine = segmenter.segment(volume, tuple(VertebralLevel))
    return Measured(spine, found_bodies(volume, spine), _assess(volume, spine, segmenter))


def _assess(volume: CtVolume, spine: Spine, segmenter: VertebraSegmenter) -> Assessment:
    return measure_volume(
        volume,
        spine,
        PhysicsCalibrator(),
        patient_check="matched",
        today=SOME_DAY,
        software=Software(__version__, segmenter.name, segmenter.weights_sha256),
        timing_s={},
    ).assessment


def found_bodies(volume: CtVolume, spine: Spine) -> tuple[FoundBody, ...]:
    """Every outlined body with its region, whether the result needs it or not."""
    survey = _survey(volume, spine)
    return tuple(_found(body, survey) for body in spine.bodies)


def _survey(volume: CtVolume, spine: Spine) -> Survey:
    blood = sample_tissues(volume, spine).blood
    dense_blood = spine.aorta if blood is not None and blood.hu > DENSE_BLOOD_HU else None
    return survey_levels(volume, spine, PhysicsCalibrator(), keep_out=dense_blood, all_levels=True)


def _found(body: VertebralBody, survey: Survey) -> FoundBody:
    measured = survey.measured.get(body.level)
    return FoundBody(
        level=body.level.value,
        centre_lps_mm=body.centre_lps_mm,
        is_whole=not body.cut_by_border,
        mask=body.mask,
        roi=None if measured is None else measured.roi,
        vbmd_mg_cm3=None if measured is None else measured.density.vbmd_mg_cm3,
        refused=tuple(reason.code for reason in survey.refused.get(body.level, ())),
    )


def with_readings(volume: CtVolume, true: Sequence[TrueBody], aorta: MaskGrid | None) -> list[TrueBody]:
    """True bodies with what the product's rule reads in their true masks.

    Of bodies that have a mask and a level the product knows; `aorta` as it was found, so that dense
    blood is kept out alike.
    """
    named = set(VertebralLevel)
    outlined = [body for body in true if body.mask is not None and body.level in named]
    bodies = tuple(
        VertebralBody(VertebralLevel(body.level), body.mask, body.centre_lps_mm, cut_by_border=not body.is_whole)
        for body in outlined
    )
    if not bodies:
        return list(true)
    read = {body.level: body.roi for body in found_bodies(volume, Spine(bodies, 1.0, aorta=aorta))}
    return [_with_reading(body, read) for body in true]


def _with_reading(body: TrueBody, read: dict) -> TrueBody:
    roi = read.get(body.level)
    return body if roi is None else replace(body, hu=roi.hu, roi_centre_lps_mm=roi.centre_lps_mm)
