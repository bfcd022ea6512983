"""The results as tables for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from tests.benchmarks.segmentation.figures import figures_of
from tests.benchmarks.segmentation.robustness import told
from tests.benchmarks.segmentation.speed import BUSY_LOAD
from tests.benchmarks.segmentation.targets import largest_change, lines
from tests.benchmarks.target_lines import target_table

Record = Mapping[str, Any]


def tables_of(results: Record) -> Iterator[Table]:
    """Everything that the results hold; the targets last."""
    for part, title in (("left_out", "real CT by folds that never saw it"), ("final", "real CT by the final weights")):
        if part in results:
            yield _volumes(results[part], title)
            yield _bodies(results[part], title)
    if "simulated" in results:
        yield _strata(results["simulated"])
    if "robustness" in results:
        yield _variations(results["robustness"])
        yield _kinds(results["robustness"])
    if "speed" in results:
        yield _stages(results["speed"])
    yield target_table(lines(results))


def _titled(part: Record, title: str, *columns: str) -> Table:
    origin = part["provenance"]
    return Table(*columns, title=f"{title} ({origin['date']}, commit {origin['commit']})")


def _volumes(part: Record, title: str) -> Table:
    columns = ("volume", "weights", "in training", "right", "wrong", "missed", "invented", "Dice", "ROI centre mm")
    more = ("HU off same rule", "HU off reference", "confidence", "ambiguous", "vBMD", "levels used")
    table = _titled(part, title, *columns, *more)
    for row in part["volumes"]:
        found = figures_of(row["bodies"])
        table.add_row(
            row["volume"],
            row["weights"],
            "[yellow]seen in training[/]" if row["seen_in_training"] else "never",
            *(str(found[verdict]) for verdict in ("right", "wrong", "missed", "invented")),
            _mean(found["dice"], "mean", 3),
            _mean(found["roi_centre_error_mm"], "mean_size", 1),
            _mean(found["hu_error"], "mean_size", 1),
            _mean(found["reference_error_hu"], "mean_size", 1),
            f"{row['numbering_confidence']:.2f}",
            "yes" if row["level_ambiguous"] else "",
            "-" if row["vbmd_mg_cm3"] is None else f"{row['vbmd_mg_cm3']:.0f}",
            " ".join(row["levels_used"]) or ", ".join(row["reasons"]),
        )
    return table


def _bodies(part: Record, title: str) -> Table:
    columns = ("volume", "true", "found", "", "Dice", "centre mm", "ROI centre mm", "HU", "off same rule")
    table = _titled(part, f"{title}, body by body", *columns, "off reference", "not measured")
    for volume in part["volumes"]:
        for row in volume["bodies"]:
            table.add_row(
                f"{volume['volume']}{' (seen)' if volume['seen_in_training'] else ''}",
                row.get("true_level", ""),
                row.get("found_level", ""),
                f"[bold red]{row['verdict']}[/]"
                if row["verdict"] in {"wrong", "missed", "invented"}
                else row["verdict"],
                _number(row, "dice", 3),
                *(_number(row, key, 1) for key in ("centre_error_mm", "roi_centre_error_mm", "hu")),
                *(_number(row, key, 1) for key in ("hu_error", "reference_error_hu")),
                ", ".join(row.get("refused", ())),
            )
        table.add_section()
    return table


def _strata(part: Record) -> Table:
    columns = (
        "simulated patients",
        "patients",
        "bodies",
        "right %",
        "wrong",
        "missed",
        "invented",
        "Dice",
        "centre mm",
    )
    table = _titled(part, "simulated CT with known truth", *columns, "HU |off|", "HU bias", "HU 95 %", "ambiguous")
    table.add_row(*_stratum("all", part["all"]))
    table.add_section()
    for stratum, groups in part["strata"].items():
        for group, found in groups.items():
            table.add_row(*_stratum(f"{stratum}: {group}", found))
        table.add_section()
    return table


def _stratum(name: str, found: Record) -> list[str]:
    names = found["names_right_percent"]
    return [
        name,
        str(found["patients"]),
        str(found["bodies"]),
        "-" if names is None else f"{names:.1f}",
        *(str(found[verdict]) for verdict in ("wrong", "missed", "invented")),
        _mean(found["dice"], "mean", 3),
        _mean(found["centre_error_mm"], "mean_size", 1),
        _mean(found["hu_error"], "mean_size", 1),
        _mean(found["hu_error"], "mean", 1),
        _mean(found["hu_error"], "p95_size", 1),
        str(found["level_ambiguous"]),
    ]


def _variations(part: Record) -> Table:
    table = _titled(part, "the same CT in other ways", "volume", "kind", "variation", "vBMD change", "what changed")
    for volume in part["volumes"]:
        for row in volume["variations"]:
            change = row["vbmd_change_mg_cm3"]
            patient = row["status"] if change is None else f"{change:+.1f}"
            table.add_row(
                volume["volume"],
                row["kind"],
                row["name"],
                patient + ("" if row["same_levels_used"] else f" ({' '.join(row['levels_used'])})"),
                told(row) + (" (flagged)" if row["level_ambiguous"] else ""),
            )
        table.add_section()
    return table


def _kinds(part: Record) -> Table:
    columns = (
        "kind",
        "variations",
        "renamed",
        "of them unflagged",
        "lost or new",
        "level vBMD, most",
        "patient vBMD, most",
    )
    table = _titled(part, "the same CT in other ways, by kind; patient vBMD where the same levels were used", *columns)
    rows = [row for volume in part["volumes"] for row in volume["variations"]]
    for kind in dict.fromkeys(row["kind"] for row in rows):
        found = [row for row in rows if row["kind"] == kind]
        renamed = [row for row in found if row["renamed"]]
        same = [row["vbmd_change_mg_cm3"] for row in found if row["same_levels_used"]]
        table.add_row(
            kind,
            str(len(found)),
            str(len(renamed)),
            str(sum(1 for row in renamed if not row["level_ambiguous"])),
            str(sum(1 for row in found if row["lost"] or row["new"])),
            f"{largest_change(found):.2f}",
            f"{max((abs(change) for change in same if change is not None), default=0.0):.2f}",
        )
    return table


def _stages(part: Record) -> Table:
    busy = f"; the machine was busy, load {part['load_before']}" if part["load_before"] > BUSY_LOAD else ""
    table = _titled(part, f"seconds and memory on 2 cores{busy}", "stage", "seconds", "peak GB")
    product, peer = part["product"], part["peer"]
    table.add_row("load the networks", f"{product['loading_s']:.2f}", f"{product['idle_gb']:.2f} (warm idle)")
    for stage, found in product["stages"].items():
        table.add_row(stage, f"{found['seconds']:.2f}", f"{found['peak_gb']:.2f}")
    table.add_section()
    name = f"nnU-Net 3 mm fast, {peer['tiles']} patches of {peer['seconds_per_patch']} s, network alone"
    table.add_row(name, f"{peer['seconds']:.1f}", f"{peer['peak_gb']:.2f}")
    return table


def _mean(found: Record | None, key: str, digits: int) -> str:
    return "" if found is None else f"{found[key]:.{digits}f}"


def _number(row: Record, key: str, digits: int) -> str:
    return "" if row.get(key) is None else f"{row[key]:.{digits}f}"
