"""How often the checks without labels fire on bodies that are right, and whether fractures and turns are seen.

    python -m tests.bone.false_alarms --data ../shared/ct --simulated 20 --fractures 18 --turned 8

Real scans are those of `--data` and the public sample; a real body counts as right unless the list below
says otherwise. A simulated one is right if its centre lies within 8 mm of a true one. Prints Markdown.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cds.bone.anatomy import VertebralLevel
from cds.bone.body_shape import height_factor, section_factor, symmetry, tallest_mm
from cds.bone.canal_position import canal_position
from cds.bone.height_grade import MILD_FROM_PERCENT, MODERATE_FROM_PERCENT
from cds.bone.orientation import refuse_orientation
from cds.bone.outline_edges import outline_edges
from cds.bone.outline_gates import OUTLINE_GATES
from cds.bone.outlined_body import OutlinedBody
from cds.bone.outlined_column import OutlinedColumn, outlined_column
from cds.bone.pedicle_height import LOWER_HALF, pedicle_height
from cds.bone.reference_body import REFERENCE
from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.ct.volume import CtVolume
from cds.inference.segmenter import NetworkSegmenter
from models.digital_patient import ScanRequest, ScanTruth, VertebraTruth, draw_request, simulate
from models.vertebra_segmentation.sources import read_dicom, read_nifti
from tests.support.real_ct import the_sample

REAL = {
    "ts_example": "ts_example/ct.nii.gz",
    "crlm_1004": "crlm_1004/dicom",
    "lidc_0314": "lidc_0314/ct.nii.gz",
    "lung4d_113": "lung4d_113/ct.nii.gz",
    "verse014": "verse/sub-verse014_ct.nii.gz",
    "ts_aorta_crop": "ts_aorta_crop/ct.nii.gz",
    "ts_j2k": "ts_j2k/dicom",
}
FIRST_SEED = 770_000
"""Patients that no network learned from."""

SIMULATED_MM = 2.0
SAME_BODY_MM = 8.0
CHECKS = ("level-size", "level-uneven-outline", "level-asymmetric", "level-canal", "level-without-canal", "level-edge")

MEASURES = ("section", "tallness", "volume", "symmetry", "canal", "canal-side", "wall", "endplate")


@dataclass
class Tally:
    """What happened to one kind of scans."""

    scans: int = 0
    bodies: int = 0
    unmatched: int = 0
    """Simulated bodies that are none, or elsewhere."""
    fired: Counter[str] = field(default_factory=Counter)
    where: list[str] = field(default_factory=list)
    measures: dict[str, list[float]] = field(default_factory=dict)


def volume_of(hu: np.ndarray, affine_lps: np.ndarray) -> CtVolume:
    """Voxels with the attributes of a plain chest CT."""
    thickness = float(np.linalg.norm(affine_lps[:3, 0]))
    series = CtSeries(
        study_uid="1.2.3",
        series_uid="1.2.3.4",
        patient=ArchivedPatient("NOBODY"),
        modality="CT",
        kvp=120.0,
        kernel="STANDARD",
        slice_thickness_mm=thickness,
    )
    return CtVolume(np.ascontiguousarray(hu, dtype=np.int16), np.asarray(affine_lps, dtype=np.float64), series)


def real_scans(data: Path) -> Iterator[tuple[str, CtVolume]]:
    """Name and voxels of every known real scan."""
    for name, place in {"LIDC-IDRI-0001": str(the_sample()), **{n: str(data / p) for n, p in REAL.items()}}.items():
        path = Path(place)
        if path.exists():
            scan = read_dicom(path) if path.is_dir() else read_nifti(path)
            yield name, volume_of(scan.values, scan.affine_lps)


def measures_of(volume: CtVolume, body: OutlinedBody) -> dict[str, float]:
    """What each gate judges."""
    edges, canal = outline_edges(volume, body.frame), canal_position(body.centre_lps_mm, body.axes)
    found = {
        "section": section_factor(body.frame, body.level),
        "tallness": height_factor(tallest_mm(body.heights), body.level),
        "volume": body.frame.volume_cm3 / REFERENCE[body.level].volume_cm3,
        "symmetry": symmetry(body.frame),
        "wall": edges.weakest_wall_hu,
        "endplate": edges.clearer_endplate_hu,
    }
    if canal is not None:
        found |= {"canal": canal.distance_mm, "canal-side": canal.angle_deg}
    pedicles = pedicle_height(volume, body)
    return found if pedicles is None else found | {"pedicles": pedicles}


def true_body(truth: ScanTruth | None, body: OutlinedBody) -> VertebraTruth | None:
    """The true vertebra at a body's place, if there is one."""
    if truth is None:
        return None
    nearest = min(truth.vertebrae, key=lambda each: np.linalg.norm(np.subtract(each.centre_lps_mm, body.centre_lps_mm)))
    off_mm = float(np.linalg.norm(np.subtract(nearest.centre_lps_mm, body.centre_lps_mm)))
    return nearest if off_mm <= SAME_BODY_MM else None


def count(tally: Tally, name: str, volume: CtVolume, segmenter: NetworkSegmenter, truth: ScanTruth | None) -> None:
    """Add one scan to a tally."""
    spine = segmenter.segment(volume, tuple(VertebralLevel))
    column = outlined_column(volume, spine)
    tally.scans += 1
    for reason in (*refuse_orientation(spine), *column.turned):
        tally.fired[reason.code] += 1
        tally.where.append(f"{name}: {reason.code}")
    if spine.is_mirrored:
        tally.fired["mirrored"] += 1
        tally.where.append(f"{name}: mirrored")
    for level, body in column.bodies.items():
        true = true_body(truth, body)
        if truth is not None and true is None:
            tally.unmatched += 1
            continue
        tally.bodies += 1
        is_whole = true is None or (true.fracture is None and not true.cement_or_metal)
        for code in (*codes_of(column, level), *(loss_codes(body) if is_whole else ())):
            tally.fired[code] += 1
            tally.where.append(f"{name} {level.value}: {code}")
        for what, value in measures_of(volume, body).items():
            tally.measures.setdefault(what, []).append(value)


def codes_of(column: OutlinedColumn, level: VertebralLevel) -> tuple[str, ...]:
    """Codes of what speaks against a body."""
    return tuple(reason.code for reason in column.doubts.get(level, ()))


def loss_codes(body: OutlinedBody) -> tuple[str, ...]:
    """Which of the two limits of height loss a body passes."""
    loss = body.height_loss_percent or 0.0
    if loss < MILD_FROM_PERCENT:
        return ()
    return ("height loss 25 % or more",) if loss >= MODERATE_FROM_PERCENT else ("height loss 20 to 25 %",)


def tables_of(tallies: Mapping[str, Tally]) -> Iterator[str]:
    """Two tables, what fired and how far the measures spread; then where it fired."""
    yield _row("check", *(f"{name}: {tally.bodies} bodies of {tally.scans} scans" for name, tally in tallies.items()))
    yield _row(*["---"] * (1 + len(tallies)))
    others = sorted({code for tally in tallies.values() for code in tally.fired} - set(CHECKS))
    for code in (*CHECKS, *others):
        yield _row(code, *(str(tally.fired[code]) for tally in tallies.values()))
    yield ""
    yield _row("measure", "accepted", *(f"{name}: least, 2 %, median, 98 %, most" for name in tallies))
    yield _row(*["---"] * (2 + len(tallies)))
    accepted = {what: OUTLINE_GATES[what].accepted for what in MEASURES} | {"pedicles": (LOWER_HALF, 0.5)}
    for what, (low, high) in accepted.items():
        spreads = (np.percentile(tally.measures.get(what, [np.nan]), (0, 2, 50, 98, 100)) for tally in tallies.values())
        yield _row(what, f"{low:g} to {high:g}", *(", ".join(f"{v:.3g}" for v in spread) for spread in spreads))
    for name, tally in tallies.items():
        yield ""
        yield f"{name}: {tally.unmatched} bodies not found again; fired at {'; '.join(tally.where) or 'none'}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def fractured_requests(number: int) -> Iterator[tuple[int, ScanRequest, str, str, float]]:
    """Seed, request, kind, level and share of height lost: every kind at L1 or T12, thin slices."""
    kinds = ("wedge", "biconcave", "crush")
    for index in range(number):
        seed, kind, level = FIRST_SEED + 1000 + index, kinds[index % 3], ("L1", "T12")[index % 2]
        share = (0.3, 0.4, 0.5)[index // 3 % 3]
        plain = draw_request(seed, pixel_mm=SIMULATED_MM)
        healthy: dict[str, Any] = {f"{each}_fractures": {level: share} if each == kind else {} for each in kinds} | {
            "cement": (),
            "rods": (),
        }
        patient = replace(plain.patient, **healthy)
        scan = replace(plain.acquisition, slice_interval_mm=2.0, slice_thickness_mm=2.0)
        yield seed, replace(plain, cranial="T6", caudal="L3", patient=patient, acquisition=scan), kind, level, share


def fractures_of(number: int, segmenter: NetworkSegmenter) -> Iterator[str]:
    """True and read losses of simulated fractures."""
    yield _row("fracture", "at", "height taken", "read by itself", "read in all", "doubted")
    yield _row(*["---"] * 6)
    for seed, request, kind, level, share in fractured_requests(number):
        scan = simulate(seed, request)
        volume = volume_of(scan.hu, scan.affine_lps)
        column = outlined_column(volume, segmenter.segment(volume, tuple(VertebralLevel)))
        true = scan.truth.of(level)
        body = next((each for each in column.bodies.values() if true_body(scan.truth, each) == true), None)
        if body is None:
            yield _row(kind, level, f"{100 * share:.0f} %", "no body", "", "")
            continue
        losses = (f"{body.heights.loss_percent:.0f} %", f"{body.height_loss_percent:.0f} %")
        yield _row(kind, level, f"{100 * share:.0f} %", *losses, ", ".join(codes_of(column, body.level)) or "no")


TURNS: Mapping[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "as labelled": ((), ()),
    "slices reversed": ((0,), ("orientation-upside-down",)),
    "feet for head": ((0, 2), ("orientation-upside-down",)),
    "rows reversed": ((1,), ("orientation-front-to-back",)),
    "half a turn about the long axis": ((1, 2), ("orientation-front-to-back",)),
    "half a turn about the left-right axis": ((0, 1), ("orientation-upside-down", "orientation-front-to-back")),
    "columns reversed": ((2,), ("mirrored",)),
}


def said_of(volume: CtVolume, segmenter: NetworkSegmenter) -> tuple[tuple[str, ...], bool]:
    """What is said of a whole scan, and whether a level could still be used."""
    spine = segmenter.segment(volume, tuple(VertebralLevel))
    column = outlined_column(volume, spine)
    refused = dict.fromkeys(reason.code for reason in (*refuse_orientation(spine), *column.turned))
    usable = not refused and any(level not in column.doubts for level in column.bodies)
    return (*refused, *(("mirrored",) if spine.is_mirrored else ())), usable


def turns_of(scans: Sequence[tuple[str, CtVolume]], segmenter: NetworkSegmenter) -> Iterator[str]:
    """How turned scans are named, under affines that lie."""
    yield _row("voxels", "named so", "no usable level", "something else said", "where not named")
    yield _row(*["---"] * 5)
    for what, (axes, expected) in TURNS.items():
        outcomes = {
            name: said_of(volume_of(np.flip(volume.hu, axes), volume.affine_lps.copy()), segmenter)
            for name, volume in scans
        }
        named = [name for name, (said, _) in outcomes.items() if said == expected]
        idle = [name for name, (said, usable) in outcomes.items() if said != expected and not (said or usable)]
        others = [name for name in outcomes if name not in {*named, *idle}]
        yield _row(what, *(str(len(group)) for group in (named, idle, others)), ", ".join((*idle, *others)) or "-")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the real scans")
    parser.add_argument("--simulated", type=int, default=20)
    parser.add_argument("--fractures", type=int, default=18)
    parser.add_argument("--turned", type=int, default=8, help="simulated scans to turn, besides the real ones")
    options = parser.parse_args(arguments)
    segmenter = NetworkSegmenter.load(threads=1)
    real, simulated = Tally(), Tally()
    scans = list(real_scans(options.data))
    for name, volume in scans:
        count(real, name, volume, segmenter, None)
    for seed in range(FIRST_SEED, FIRST_SEED + options.simulated):
        scan = simulate(seed, draw_request(seed, pixel_mm=SIMULATED_MM))
        volume = volume_of(scan.hu, scan.affine_lps)
        count(simulated, str(seed), volume, segmenter, scan.truth)
        scans += [(str(seed), volume)] if seed < FIRST_SEED + options.turned else []
    lines = [*tables_of({"real": real, "simulated": simulated}), ""]
    if options.fractures:
        lines += [*fractures_of(options.fractures, segmenter), ""]
    if options.turned:
        lines += turns_of(scans, segmenter)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
