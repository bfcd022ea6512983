"""The entry for real anatomies: a seed, an anatomy and a request become a CT with its truth.

The steps after the anatomy are those of `simulate.py`. A level that the source does not show does not exist.
"""

from dataclasses import replace

import numpy as np

from models.digital_patient.additions import Additions, paint_additions
from models.digital_patient.from_labels import LabelledAnatomy
from models.digital_patient.labelled_canvas import Body, painted
from models.digital_patient.labelled_survey import survey_of
from models.digital_patient.labelled_truth import truths_of
from models.digital_patient.materials import draw_tissues
from models.digital_patient.scanner import hu_volume, path_through
from models.digital_patient.simulate import ScanRequest, SimulatedScan, every, moved_by, scanned, thin_slices
from models.digital_patient.structures import LEVELS
from models.digital_patient.texture import add_texture
from models.digital_patient.trunk import paint_couch
from models.digital_patient.truth import ScanTruth, shifted_grid
from models.digital_patient.warp import Variation, draw_warp

GAP_TO_COUCH_MM = 3.0


def simulate_from_labels(
    seed: int, anatomy: LabelledAnatomy, request: ScanRequest, variation: Variation | None = None
) -> SimulatedScan:
    """A CT of another body like this one; the same arguments give the same bytes.

    Of the request's patient count table, fractures, spurs, cement and rods: the anatomy brings the rest. A range
    beyond what the source shows ends where the source ends; ValueError if it shows none of it. Places are in mm from
    where the source has its L1 (its lowest body, if it has no L1), plus the request's position.
    """
    for_warp, for_tissues, for_noise, for_streaks, for_texture, for_spurs = np.random.default_rng(seed).spawn(6)
    patient = request.patient
    body = Body(anatomy, draw_warp(for_warp, variation or Variation()), patient.wedge_fractures)
    tissues = draw_tissues(for_tissues, request.age, request.vbmd_mg_cm3, request.contrast)
    survey = survey_of(body)
    grid = survey.grid_of(request)
    thin = grid.refined(thin_slices(request.acquisition))
    canvas, _ = painted(body, thin)
    spurs = () if patient.osteophytes is False else _drawn_spurs(for_spurs)
    additions = Additions(spurs, cement=patient.cement, rods=patient.rods)
    paint_additions(canvas, body.vertebrae, additions, for_spurs)
    if patient.table:
        paint_couch(canvas, survey.back_mm + GAP_TO_COUCH_MM)
    thin_paths = path_through(survey.canvas, tissues, request.scanner, thin.along(0))
    ideal = hu_volume(canvas, tissues, request.scanner, thin_paths)
    add_texture(ideal, canvas, int(for_texture.integers(2**31)))
    shown = every(canvas, grid)
    paths = np.interp(grid.along(0), thin.along(0), thin_paths)
    hu = scanned(ideal, shown, request.acquisition, paths, (for_noise, for_streaks))
    facts = truths_of(shown, tissues, request.scanner, paths)
    foreign = (*patient.cement, *patient.rods)
    moved = request.position_lps_mm
    return SimulatedScan(
        hu=hu,
        affine_lps=shifted_grid(grid, moved).affine_lps,
        truth=ScanTruth(
            structures=shown.structures,
            vertebra=shown.vertebra,
            vertebrae=tuple(
                replace(
                    each,
                    centre_lps_mm=moved_by(each.centre_lps_mm, moved),
                    cut_by_border=each.cut_by_border or each.level in anatomy.cut,
                    cement_or_metal=each.level in foreign,
                )
                for each in facts
            ),
            age=tissues.age,
            aortic_iodine_mg_ml=tissues.aortic_iodine_mg_ml,
            scanner=request.scanner,
        ),
    )


def _drawn_spurs(rng: np.random.Generator) -> tuple[str, ...]:
    """Levels with bony spurs, as often as in parametric patients."""
    chosen = rng.random(len(LEVELS)) < rng.uniform(0, 0.35)
    return tuple(level for level, spur in zip(LEVELS, chosen, strict=True) if spur and level[0] != "C")
