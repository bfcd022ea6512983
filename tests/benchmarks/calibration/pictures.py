"""Two rows of panels, one method a column: read against true, and difference against mean (Bland and Altman)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from cds.bone.category import NORMAL_ABOVE_MG_CM3, OSTEOPOROSIS_BELOW_MG_CM3
from tests.benchmarks.calibration import agreement
from tests.benchmarks.calibration.answers import Answers

INCHES_EACH: Final = (2.9, 3.1)
DPI: Final = 75
COLOURS: Final = 32
RANGE_MG_CM3: Final = (0.0, 240.0)
DIFFERENCE_MG_CM3: Final = (-60.0, 60.0)
INK, FOUND, MISSED, LINE = "#4a6fa5", "#2a9d8f", "#d1495b", "#222222"
SHOWN: Final = 1200
"""Points of a panel, about, evenly spread over the cohort; the figures in the titles are of all."""


def picture_of(answers: Mapping[str, Answers], title: str) -> Figure:
    """Below 80: green where found, red where missed."""
    columns = len(answers)
    figure = Figure(figsize=(INCHES_EACH[0] * columns, INCHES_EACH[1] * 2), dpi=DPI, layout="constrained")
    figure.suptitle(title, fontsize=10)
    panels = figure.subplots(2, columns, sharex=True, sharey="row", squeeze=False)
    for (upper, lower), (name, each) in zip(panels.T, answers.items(), strict=True):
        own = each.at(each.assessed)
        _against_truth(upper, own, name)
        _bland_altman(lower, own)
    panels[0][0].set_ylabel("read, mg/cm3")
    panels[1][0].set_ylabel("read minus true, mg/cm3")
    return figure


def _against_truth(axes: Axes, own: Answers, name: str) -> None:
    slope = agreement.slope_on_truth(own.predicted, own.truth)
    axes.set_title(f"{name}\nICC {agreement.icc_a1(own.predicted, own.truth):.3f}, slope {slope:.2f}", fontsize=8)
    axes.plot(RANGE_MG_CM3, RANGE_MG_CM3, color=LINE, linewidth=0.8)
    _points(axes, own.truth, own.predicted, own)
    for threshold in (OSTEOPOROSIS_BELOW_MG_CM3, NORMAL_ABOVE_MG_CM3):
        axes.axvline(threshold, color=LINE, linewidth=0.4, linestyle=":")
        axes.axhline(threshold, color=LINE, linewidth=0.4, linestyle=":")
    axes.set_xlim(*RANGE_MG_CM3)
    axes.set_ylim(*RANGE_MG_CM3)


def _bland_altman(axes: Axes, own: Answers) -> None:
    bias = agreement.bias(own.predicted, own.truth)
    half = agreement.limits_half_width(own.predicted, own.truth)
    difference = np.clip(own.predicted - own.truth, *DIFFERENCE_MG_CM3)
    _points(axes, (own.predicted + own.truth) / 2, difference, own)
    for height, style in ((bias, "-"), (bias - half, "--"), (bias + half, "--")):
        axes.axhline(height, color=LINE, linewidth=0.8, linestyle=style)
    axes.set_title(f"bias {bias:+.1f}, 95 % limits +-{half:.1f}", fontsize=8)
    axes.set_ylim(*DIFFERENCE_MG_CM3)
    axes.set_xlabel("mean of read and true; above: true, mg/cm3", fontsize=7)


def _points(axes: Axes, x: agreement.Values, y: agreement.Values, own: Answers) -> None:
    below, step = own.truth < OSTEOPOROSIS_BELOW_MG_CM3, max(1, len(own) // SHOWN)
    for chosen, colour in ((~below, INK), (below & own.found, FOUND), (below & ~own.found, MISSED)):
        rows = np.flatnonzero(chosen)
        rows = rows[rows % step == 0]
        axes.plot(x[rows], y[rows], ".", color=colour, markersize=2.2, alpha=0.6)


def save(figure: Figure, file: Path) -> None:
    """As a small PNG of few colours."""
    file.parent.mkdir(parents=True, exist_ok=True)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
