"""An assessment and a card as a person at a terminal reads them."""

from collections.abc import Iterator

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cds.bone.assessment import Assessment, LevelMeasurement
from cds.bone.words import (
    RULE_IN_ONLY,
    category_words,
    flag_words,
    is_estimate,
    levels_words,
    mg_words,
    possible_fractures,
)


def assessment_view(assessment: Assessment, notice: str) -> RenderableType:
    """Headline, possible fractures, table of levels, what to bear in mind, what was left out."""
    parts: list[RenderableType] = [_headline(assessment)]
    parts += [Text(sentence, style="bold red") for sentence in possible_fractures(assessment)]
    if assessment.levels:
        parts.append(levels_table(assessment))
    parts += _listed("To bear in mind", [f"{flag}: {flag_words(flag)}" for flag in _flags(assessment)])
    if assessment.status == "assessed":
        parts += _listed("Left out, and why", [reason.text for reason in assessment.reasons])
    parts.append(Text(_provenance(assessment), style="dim"))
    parts.append(Text(f"{notice} {RULE_IN_ONLY}", style="dim"))
    return Group(*parts)


def _flags(assessment: Assessment) -> list[str]:
    """Those of the result, then those of its levels."""
    of_levels = (flag for level in assessment.levels for flag in level.flags)
    return list(dict.fromkeys((*assessment.flags, *of_levels)))


def _listed(heading: str, sentences: list[str]) -> Iterator[RenderableType]:
    if sentences:
        yield Text(f"{heading}:", style="yellow")
        yield Padding(Text("\n".join(sentences)), (0, 0, 0, 2))


def _headline(assessment: Assessment) -> RenderableType:
    if assessment.vbmd_mg_cm3 is None or assessment.ci95_mg_cm3 is None:
        reasons = "\n".join(f"{reason.text} [{reason.code}]" for reason in assessment.reasons)
        return Text(f"Not assessable\n{reasons}", style="bold yellow")
    low, high = assessment.ci95_mg_cm3
    levels = " and ".join(assessment.levels_used)
    if is_estimate(assessment):
        levels = f"L1 and L2, estimated from {levels_words(assessment.levels_used)}"
    kind = "upper estimate, contrast in the blood" if assessment.interval_kind == "upper-estimate" else "95 % interval"
    line = Text(f"{levels}: {mg_words(assessment.vbmd_mg_cm3)} mg/cm3", style="bold")
    line.append(f"  ({mg_words(low)} to {mg_words(high)}, {kind}; {assessment.basis})", style="not bold")
    line.append(f"\n{category_words(assessment)}{_advice(assessment)}")
    return line


def _advice(assessment: Assessment) -> str:
    match assessment.category:
        case "osteoporosis-range":
            return " (below 80 mg/cm3)"
        case "low":
            return " (80 to 120 mg/cm3)"
        case "normal":
            return " mg/cm3; does not rule out osteoporosis"
        case _:
            return ""


def levels_table(assessment: Assessment) -> Table:
    """One row a vertebra, cranial to caudal."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("level")
    for heading in ("HU", "SD", "mg/cm3", "95 % interval", "ROI cm3"):
        table.add_column(heading, justify="right")
    table.add_column("used")
    table.add_column("remarks", overflow="fold")
    for level in assessment.levels:
        table.add_row(*_row(level), style=None if level.used else "dim")
    return table


def _row(level: LevelMeasurement) -> tuple[str, ...]:
    low, high = level.ci95_mg_cm3
    remarks = [", ".join(level.flags), *(reason.text for reason in level.reasons)]
    return (
        level.level.value,
        f"{level.hu:.0f}",
        f"{level.hu_sd:.0f}",
        mg_words(level.vbmd_mg_cm3),
        f"{mg_words(low)} to {mg_words(high)}",
        f"{level.roi_cm3:.1f}",
        "yes" if level.used else "no",
        "\n".join(each for each in remarks if each),
    )


def _provenance(assessment: Assessment) -> str:
    acquisition, software = assessment.acquisition, assessment.software
    parts = [
        f"CT of {acquisition.study_date}" if acquisition.study_date else "CT of unknown date",
        f"{acquisition.manufacturer or '?'} {acquisition.model or ''}".strip(),
        f"{acquisition.kvp:g} kVp" if acquisition.kvp else "kVp unknown",
        f"kernel {acquisition.kernel}" if acquisition.kernel else "kernel unknown",
    ]
    if assessment.calibration is not None:
        parts.append(
            f"{assessment.calibration.method}, slope {assessment.calibration.slope_hu_per_mg_cm3:.2f} HU per mg/cm3"
        )
        if assessment.calibration.scanner != "unknown":
            parts.append(f"scanner: {assessment.calibration.source}")
    parts.append(f"osteocds {software.version}, {software.model}")
    if "total" in assessment.timing_s:
        parts.append(f"{assessment.timing_s['total']:.1f} s")
    return " | ".join(parts)


def card_view(card: dict[str, object]) -> RenderableType:
    """A CDS Hooks card as an EHR would show it."""
    colour = {"info": "cyan", "warning": "yellow", "critical": "red"}[str(card["indicator"])]
    parts: list[RenderableType] = []
    if "detail" in card:
        parts.append(Markdown(str(card["detail"])))
    parts += [
        Padding(Text(f"[ {suggestion['label']} ]", style="bold green"), (1, 0, 0, 0))
        for suggestion in _dicts(card.get("suggestions"))
    ]
    parts += [
        Text(f"{link['label']}: {link['url']}", style="underline", overflow="fold")
        for link in _dicts(card.get("links"))
    ]
    title = Text(f"{card['indicator']}: {card['summary']}", style=f"bold {colour}")
    return Panel(Group(title, *parts), border_style=colour, title="card", title_align="left")


def _dicts(value: object) -> list[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def stderr_console() -> Console:
    """Where progress and messages go."""
    return Console(stderr=True)
