"""The entry for real anatomies: a seed, an anatomy and a request become a CT with its truth.

The steps after the anatomy are those of `simulate.py`. A level that the source does not show does not exist.
"""

from dataclasses import replace

import numpy as np

from models.digital_patient.additions import Additions, paint_additions
from models.digital_patient.anatomy import PatientOptions
from models.digital_patient.fractures import losses_of
from models.digital_patient.from_labels import LabelledAnatomy
from models.digital_patient.labelled_bone import spongy_bodies
from models.digital_patient.labelled_canvas import Body, painted
from models.digital_patient.labelled_survey import survey_of
from models.digital_patient.labelled_truth import truths_of
from models.digital_patient.scanner import hu_volume, path_through
from models.digital_patient.simulate import ScanRequest, SimulatedScan, every, moved_by, scanned, thin_slices
from models.digital_patient.structures import LEVELS
from models.digital_patient.texture import add_texture
from models.digital_patient.trunk import paint_couch
from models.digital_patient.truth import ScanTruth, VertebraTruth, fracture_of, shifted_grid
from models.digital_patient.warp import Variation, draw_warp

GAP_TO_COUCH_MM = 3.0


def simulate_from_labels(
    seed: int, anatomy: LabelledAnatomy, request: ScanRequest, variation: Variation | None = None
) -> SimulatedScan:
    """A CT of another body like this one; the same arguments give the same bytes.

    Of the request's patient count table, fractures, lesions, spurs, bridges, cement, rods and the state of the lung:
    the anatomy brings the rest. A range beyond what the source shows ends where the source ends; ValueError if it
    shows none of it. Places are in mm from where the source has its L1 (its lowest body, if it has no L1), plus the
    request's position.
    """
    for_body, for_tissues, for_noise, for_streaks, for_texture, for_additions = np.random.default_rng(seed).spawn(6)
    patient, scanner = request.patient, request.scanner
    tissues = request.tissues_from(for_tissues)
    body = _drawn_body(for_body, anatomy, patient, variation or Variation())
    survey = survey_of(body)
    column = body.vertebrae
    spongy = spongy_bodies(for_texture, column, patient.lesions, tissues.vbmd_mg_cm3, body.depth_at)

    grid = survey.grid_of(request)
    thin = grid.refined(thin_slices(request.acquisition))
    canvas, _ = painted(replace(body, spongy=spongy), thin)
    paint_additions(canvas, column, _additions(for_additions, patient), for_additions)
    if patient.table:
        paint_couch(canvas, survey.back_mm + GAP_TO_COUCH_MM)
    thin_paths = path_through(survey.canvas, tissues, scanner, thin.along(0))
    ideal = hu_volume(canvas, tissues, scanner, thin_paths)
    add_texture(ideal, canvas, int(for_texture.integers(2**31)))
    shown = every(canvas, grid)
    paths = np.interp(grid.along(0), thin.along(0), thin_paths)
    facts = truths_of(shown, tissues, scanner, paths)
    return SimulatedScan(
        hu=scanned(ideal, shown, request.acquisition, paths, (for_noise, for_streaks)),
        affine_lps=shifted_grid(grid, request.position_lps_mm).affine_lps,
        truth=ScanTruth(
            structures=shown.structures,
            vertebra=shown.vertebra,
            vertebrae=tuple(_known(each, body, request) for each in facts),
            age=tissues.age,
            aortic_iodine_mg_ml=tissues.aortic_iodine_mg_ml,
            scanner=scanner,
        ),
    )


def _drawn_body(
    rng: np.random.Generator, anatomy: LabelledAnatomy, patient: PatientOptions, variation: Variation
) -> Body:
    warp = draw_warp(rng, variation)
    losses = losses_of(rng, patient.wedge_fractures, patient.biconcave_fractures, patient.crush_fractures)
    return Body(anatomy, warp, losses, shell=float(np.clip(np.exp(rng.normal(0, 0.3)), 0.45, 2.0)))


def _additions(rng: np.random.Generator, patient: PatientOptions) -> Additions:
    """Bony spurs as often as in parametric patients, and what was asked for."""
    chosen = rng.random(len(LEVELS)) < rng.uniform(0, 0.35)
    spurs = tuple(level for level, spur in zip(LEVELS, chosen, strict=True) if spur and level[0] != "C")
    return Additions(
        spurs=() if patient.osteophytes is False else spurs,
        bridged=patient.bridged,
        cement=patient.cement,
        rods=patient.rods,
    )


def _known(truth: VertebraTruth, body: Body, request: ScanRequest) -> VertebraTruth:
    """With what the labels alone do not tell."""
    patient, level = request.patient, truth.level
    broken = {each.level: fracture_of(each) for each in body.fractured}
    return replace(
        truth,
        centre_lps_mm=moved_by(truth.centre_lps_mm, request.position_lps_mm),
        cut_by_border=truth.cut_by_border or level in body.anatomy.cut,
        cement_or_metal=level in (*patient.cement, *patient.rods),
        fracture=broken.get(level),
        lesions=tuple(each.kind for each in patient.lesions.get(level, ())),
    )
