"""Measure the shipped weights on real scans: `python -m models.vertebra_segmentation.evaluate --data DIR`.

Prints one row for each body: name, centre, trabecular HU beside its reference, and Dice, centre and HU
error where experts drew masks. `--json FILE` keeps the numbers.
"""

import argparse
import json
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.ndimage import map_coordinates

from models.vertebra_segmentation.cases import CASES, Bodies, Case
from models.vertebra_segmentation.grid import Image, to_index, to_lps
from models.vertebra_segmentation.labels import LEVELS
from models.vertebra_segmentation.segmenter import BodyMask, Segmenter, SpineLabels
from models.vertebra_segmentation.trabecular_sample import trabecular_hu
from models.vertebra_segmentation.weights import METADATA_FILE, SHIPPED

COLUMNS = ("level", "cut", "agrees", "centre LPS mm", "HU", "reference", "Dice", "centre error mm", "HU error")


def evaluate(case: Case, data: Path, segmenter: Segmenter) -> dict[str, Any]:
    """Every number about one scan."""
    scan = case.read(data)
    begin = time.perf_counter()
    found = segmenter.segment(scan.values.astype(np.int16), scan.affine_lps, levels=LEVELS)
    seconds = time.perf_counter() - begin
    truth = case.truth(data)
    axes = spine_axes(found)
    rows = [_row(case, scan, body, axis, truth) for body, axis in zip(found.bodies, axes, strict=True)]
    return {
        "case": case.name,
        "seen_in_training": case.seen,
        "note": case.note,
        "bodies": rows,
        "tissues": {tissue.name: _tissue_hu(scan, tissue.inside, tissue.affine_lps) for tissue in found.tissues},
        "numbering_confidence": round(found.numbering_confidence, 2),
        "seconds": {stage: round(s, 2) for stage, s in found.seconds.items()} | {"total": round(seconds, 2)},
    }


def spine_axes(found: SpineLabels) -> list[NDArray[np.float64]]:
    """Unit LPS vector to cranial at each body, from its neighbours' centres."""
    centres = [np.array(body.centre_lps_mm) for body in found.bodies]
    axes = []
    for place in range(len(centres)):
        above, below = centres[max(0, place - 1)], centres[min(len(centres) - 1, place + 1)]
        axis = above - below if len(centres) > 1 else np.array([0.0, 0.0, 1.0])
        axes.append(axis / np.linalg.norm(axis))
    return axes


def _row(
    case: Case, scan: Image, body: BodyMask, axis: NDArray[np.float64], truth: tuple[Image, Bodies] | None
) -> dict[str, Any]:
    hu = trabecular_hu(scan, body, axis)
    row: dict[str, Any] = {
        "level": body.level,
        "cut": body.cut_by_border,
        "agrees": body.name_agrees,
        "centre LPS mm": [round(c, 1) for c in body.centre_lps_mm],
        "HU": None if hu is None else round(hu, 1),
        "reference": case.reference_hu.get(body.level),
    }
    if truth is not None and body.level in truth[1]:
        grid, masks = truth
        expert = replace(body, inside=masks[body.level].astype(np.float32), affine_lps=grid.affine_lps)
        reference = trabecular_hu(scan, expert, axis)
        row |= _overlap(body, expert)
        row["HU error"] = None if hu is None or reference is None else round(hu - reference, 1)
    return row


def _overlap(body: BodyMask, expert: BodyMask) -> dict[str, Any]:
    """Dice and distance of centres between a body and an expert's of the same name."""
    mask = expert.inside > 0.5
    places = to_lps(expert.affine_lps, np.argwhere(np.ones(mask.shape, bool)).astype(float))
    found = map_coordinates(body.inside, to_index(body.affine_lps, places).T, order=1).reshape(mask.shape) > 0.5
    centre = to_lps(expert.affine_lps, np.argwhere(mask).mean(axis=0))
    return {
        "Dice": round(2 * float((found & mask).sum()) / float(found.sum() + mask.sum()), 3),
        "centre error mm": round(float(np.linalg.norm(centre - np.array(body.centre_lps_mm))), 1),
    }


def _tissue_hu(scan: Image, inside: NDArray[np.float32], affine_lps: NDArray[np.float64]) -> float | None:
    """Median HU of the scan at the certain voxels of a tissue."""
    points = to_lps(affine_lps, np.argwhere(inside > 0.9).astype(float))
    if len(points) == 0:
        return None
    index = np.rint(to_index(scan.affine_lps, points)).astype(int)
    within = np.all((index >= 0) & (index < scan.values.shape), axis=1)
    return round(float(np.median(scan.values[tuple(index[within].T)])), 1)


def table_of(result: Mapping[str, Any]) -> Table:
    """One scan as a table for people."""
    known = "in the training set" if result["seen_in_training"] else "never trained on"
    title = f"{result['case']} ({known}): {result['note']}; numbering confidence {result['numbering_confidence']}"
    table = Table(*COLUMNS, title=title, caption=f"median HU {result['tissues']}; seconds {result['seconds']}")
    for row in result["bodies"]:
        table.add_row(*("" if row.get(column) is None else str(row[column]) for column in COLUMNS))
    return table


def record(results: Sequence[Mapping[str, Any]], metadata_file: Path) -> None:
    """Put the numbers beside the description of the weights that they belong to."""
    metadata = json.loads(metadata_file.read_text(encoding="utf-8"))
    metadata["evaluation"] = list(results)
    metadata_file.write_text(json.dumps(metadata, indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the scans")
    parser.add_argument("--weights", type=Path, help="folder with weights; those of the package by default")
    parser.add_argument("--case", action="append", help="name of a scan, may be repeated; all by default")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    parser.add_argument("--record", action="store_true", help="keep the numbers in the metadata of the weights")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args(arguments)
    console = Console()
    segmenter = Segmenter.load(options.weights, threads=options.threads)
    results = []
    for case in (case for case in CASES if not options.case or case.name in options.case):
        if not (options.data / case.place).exists():
            console.print(f"{case.name}: not below {options.data}, left out")
            continue
        results.append(evaluate(case, options.data, segmenter))
        console.print(table_of(results[-1]))
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    console.print(f"peak memory of the process, scans included: {peak_gb:.2f} GB")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if options.record:
        record(results, (options.weights or SHIPPED) / METADATA_FILE)


if __name__ == "__main__":
    main()
