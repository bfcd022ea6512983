"""What was asked for beside what was measured. Pure; a part that was never run says so."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tests.benchmarks.segmentation.figures import bodies_of, figures_of
from tests.benchmarks.segmentation.real_volumes import LABELS_AGREE_AT
from tests.benchmarks.target_lines import Line, line_of

Part = Mapping[str, Any] | None
LEAST_DICE: Final = 0.87
MOST_CENTRE_MM: Final = 5.0
MOST_REFERENCE_HU: Final = 10.0
LEAST_NAMES_PERCENT: Final = 98.0
MOST_SIMULATED_HU: Final = 3.0
MOST_SEGMENT_S: Final = 2.5
MOST_TOTAL_S: Final = 3.0
MOST_OVER_IDLE_GB: Final = 1.5
MOST_LONG_GB: Final = 2.0
LEAST_RATIO: Final = 20.0


def lines(results: Mapping[str, Any]) -> list[Line]:
    """Every target, and the figures that belong beside them."""
    unseen = unseen_volumes(results)
    return [
        *_real(unseen),
        *_invented(results),
        *_simulated(results.get("simulated")),
        *_robustness(results.get("robustness")),
        *_speed(results.get("speed")),
    ]


def unseen_volumes(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Each real volume once, by weights that never saw it: the fold's, else the final ones."""
    left_out = list((results.get("left_out") or {}).get("volumes", ()))
    names = {row["volume"] for row in left_out}
    final = (results.get("final") or {}).get("volumes", ())
    return left_out + [row for row in final if not row["seen_in_training"] and row["volume"] not in names]


def _real(volumes: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    labelled = figures_of(bodies_of(row for row in volumes if row["labelled"]))
    every = figures_of(bodies_of(volumes))
    agree = f"labels among themselves {LABELS_AGREE_AT[0]}-{LABELS_AGREE_AT[1]}"
    yield _bounded("unseen real CT: Dice of bodies, mean", labelled["dice"], "mean", least=LEAST_DICE, note=agree)
    yield _names(volumes)
    yield _ambiguity(volumes)
    centre = labelled["roi_centre_error_mm"]
    yield _bounded("unseen real CT: ROI centre off, mean mm", centre, "mean_size", most=MOST_CENTRE_MM)
    reference = every["reference_error_hu"]
    note = "the references move by up to 14"
    name = "unseen real CT: HU off the hand-placed references"
    yield _bounded(f"{name}, mean", reference, "mean_size", most=MOST_REFERENCE_HU, note=note)
    yield _bounded(f"{name}, largest", reference, "max_size", most=MOST_REFERENCE_HU, note=note)
    yield _bounded("unseen real CT: HU off the same rule on true masks, mean", labelled["hu_error"], "mean_size")
    yield _bounded("unseen real CT: HU off the same rule on true masks, largest", labelled["hu_error"], "max_size")


def _names(volumes: Sequence[Mapping[str, Any]]) -> Line:
    certain = [row for row in volumes if row["numbering"] == "certain"]
    failed = {row["volume"]: figures_of(row["bodies"]) for row in certain if not _is_right(figures_of(row["bodies"]))}
    told = [f"{name}: {found['wrong']} wrong, {found['missed']} missed" for name, found in failed.items()]
    measured = f"{len(certain) - len(failed)} of {len(certain)} volumes" + "".join(f"; {each}" for each in told)
    met = not failed if certain else None
    return Line("unseen real CT: every level named right", "all", measured if certain else "not measured", met)


def _is_right(found: Mapping[str, Any]) -> bool:
    return found["wrong"] == found["missed"] == 0


def _ambiguity(volumes: Sequence[Mapping[str, Any]]) -> Line:
    rows = [row for row in volumes if row["numbering"] == "ambiguous"]
    flagged = sum(1 for row in rows if row["level_ambiguous"])
    met = flagged == len(rows) if rows else None
    measured = f"{flagged} of {len(rows)}" if rows else "not measured"
    return Line("unseen real CT of ambiguous numbering: says so", "all", measured, met)


def _invented(results: Mapping[str, Any]) -> Iterator[Line]:
    rows = [row for part in ("left_out", "final") for row in (results.get(part) or {}).get("volumes", ())]
    found = [f"{row['volume']} ({row['weights']})" for row in rows if figures_of(row["bodies"])["invented"]]
    measured = f"{len(found)} of {len(rows)} results" + (f": {', '.join(found)}" if found else "")
    met = not found if rows else None
    yield Line("real CT, seen or not: a level that is not there", "none", measured if rows else "not measured", met)
    simulated = results.get("simulated")
    count = None if simulated is None else simulated["all"]["invented"]
    measured = "not measured" if count is None else f"{count} bodies"
    yield Line("simulated CT: a level that is not there", "none", measured, None if count is None else count == 0)


def _simulated(part: Part) -> Iterator[Line]:
    found = None if part is None else part["all"]
    told = "simulated CT" if found is None else f"simulated CT ({found['patients']} patients)"
    names = None if found is None else found["names_right_percent"]
    met = None if names is None else names >= LEAST_NAMES_PERCENT
    measured = "not measured" if found is None else f"{names} % of {found['bodies']} bodies"
    yield Line(f"{told}: names right", f">= {LEAST_NAMES_PERCENT:g} %", measured, met)
    hu = None if found is None else found["hu_error"]
    yield _bounded(f"{told}: HU off the truth, mean size", hu, "mean_size", most=MOST_SIMULATED_HU)
    yield _bounded(f"{told}: HU off the truth, 95 % within", hu, "p95_size", most=MOST_SIMULATED_HU)
    yield _bounded(f"{told}: HU off the truth, bias", hu, "mean")
    yield _bounded(f"{told}: Dice of bodies, mean", None if found is None else found["dice"], "mean")
    wrong = "not measured" if found is None else f"{found['rows_wrong_unflagged']} of {found['patients']} patients"
    yield Line(f"{told}: a wrong name without a flag", "-", wrong, None)


def _robustness(part: Part) -> Iterator[Line]:
    rows = [] if part is None else [row for volume in part["volumes"] for row in volume["variations"]]
    stored = [row for row in rows if row["kind"] == "stored otherwise"]
    others = [row for row in rows if row["kind"] != "stored otherwise"]
    change = largest_change(stored)
    same = change == 0 and not any(row["renamed"] or row["lost"] or row["new"] for row in stored)
    told = f"largest change {change:g} mg/cm3" if stored else "not measured"
    yield Line("stored in another order: identical", "0 mg/cm3, no name", told, same if stored else None)
    renamed = [row for row in others if row["renamed"] or row["new"]]
    surely = [row for row in renamed if row["status"] == "assessed" and not row["level_ambiguous"]]
    told = f"{len(renamed)} of {len(others)} variations, {len(surely)} of them without a flag"
    met = not renamed if others else None
    yield Line("other variations: a level named otherwise", "none", told if others else "not measured", met)
    told = f"{largest_change(others):.1f} mg/cm3" if others else "not measured"
    yield Line("other variations: largest change of a level's vBMD", "-", told, None)


def largest_change(rows: Sequence[Mapping[str, Any]]) -> float:
    """Of any level's vBMD, mg/cm3, up or down."""
    return max((abs(change) for row in rows for change in row["level_changes_mg_cm3"].values()), default=0.0)


def _speed(part: Part) -> Iterator[Line]:
    product = None if part is None else part["product"]
    total = None if product is None else product["segment_s"] + product["assess_s"]
    shape = "300 x 512 x 512, 2 cores"
    yield line_of(f"{shape}: segment T11-L3, s", product and product["segment_s"], most=MOST_SEGMENT_S)
    yield line_of(f"{shape}: in memory to assessment, s", total, most=MOST_TOTAL_S)
    yield line_of(
        f"{shape}: peak memory over warm idle, GB", product and product["over_idle_gb"], most=MOST_OVER_IDLE_GB
    )
    long_gb = None if part is None else part["long_scan"]["over_idle_gb"]
    yield line_of("1,000 slices: peak memory over warm idle, GB", long_gb, most=MOST_LONG_GB)
    ratio = None if part is None else part["peer"]["ratio"]
    yield line_of('compute of an nnU-Net "3 mm fast" network, times ours', ratio, least=LEAST_RATIO)


def _bounded(
    what: str,
    found: Mapping[str, Any] | None,
    key: str,
    *,
    least: float | None = None,
    most: float | None = None,
    note: str = "",
) -> Line:
    """A figure of a spread; with its count."""
    line = line_of(what, None if found is None else found[key], least=least, most=most)
    if found is None:
        return line
    return Line(
        what, line.target + (f" ({note})" if note else ""), f"{line.measured} ({found['count']} bodies)", line.met
    )
