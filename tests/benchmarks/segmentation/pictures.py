"""One picture of each real volume: outlines, regions, names and HU on cuts along the spine."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from tests.benchmarks.segmentation.bodies import FoundBody
from tests.benchmarks.segmentation.measuring import Measured
from tests.benchmarks.segmentation.reading import RealScan
from tests.benchmarks.segmentation.straightened import Cut, axial, coronal, sagittal

LOWEST_HU, HIGHEST_HU = -200.0, 500.0
FOUND, CUT, TRUE, REGION = "#ffd23f", "#8c8c8c", "#4cc9f0", "#ff5d73"
INCHES = (13.0, 7.6)
DPI = 80
GREYS = 26
SHARES = (1.0, 0.7, 0.4)
"""Of a line's colour where it covers a pixel in part."""
MOST_AXIAL = 4


def picture_of(scan: RealScan, measured: Measured, weights: str) -> Figure:
    """Sagittal and coronal cuts with every body, axial ones of the levels used."""
    bodies = measured.bodies
    outlined = bodies or tuple(body for body in scan.true if body.mask is not None)
    centres = [body.centre_lps_mm for body in outlined]
    figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained")
    figure.suptitle(_title(scan, measured, weights), fontsize=9)
    axes = figure.subplot_mosaic([["s", "c", "0", "1"], ["s", "c", "2", "3"]], width_ratios=(1.25, 1.25, 1, 1))
    for name, cut in (("s", sagittal(centres, scan.volume)), ("c", coronal(centres, scan.volume))):
        _draw(axes[name], cut, scan, bodies)
        for body in bodies:
            _name(axes[name], cut, body)
    shown = _to_show(measured)
    for place in range(MOST_AXIAL):
        axes[str(place)].set_axis_off()
        if place < len(shown) and shown[place].roi is not None:
            _draw(axes[str(place)], axial(shown[place].roi.centre_lps_mm), scan, bodies)
            axes[str(place)].set_title(_caption(shown[place], measured), fontsize=8)
    return figure


def save(figure: Figure, file: Path) -> None:
    """As a small PNG: few greys, and the colours of the lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    picture.quantize(palette=_palette(), dither=Image.Dither.NONE).save(file, optimize=True)


def _palette() -> Image.Image:
    """Greys from black to white, and each line's colour mixed with dark, middle and bright grey."""
    greys = np.linspace(0, 255, GREYS)
    lines = [np.array([int(name[i : i + 2], 16) for i in (1, 3, 5)]) for name in (FOUND, TRUE, REGION)]
    mixed = [share * line + (1 - share) * grey for line in lines for share in SHARES for grey in (20, 100, 190)]
    colours = [np.full(3, grey) for grey in greys] + mixed
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.rint(colours).astype(np.uint8).tobytes())
    return palette


def _title(scan: RealScan, measured: Measured, weights: str) -> str:
    result = measured.assessment
    value = "not assessable" if result.vbmd_mg_cm3 is None else f"{result.vbmd_mg_cm3:.0f} mg/cm3"
    return (
        f"{scan.about.name}, {weights}: {value}; numbering confidence {measured.spine.numbering_confidence:.2f}\n"
        f"{scan.about.note}\nyellow found (grey: cut), blue truth, red measured region"
    )


def _to_show(measured: Measured) -> list[FoundBody]:
    """Levels used, then other measured ones nearest to L1."""
    used = {level.value for level in measured.assessment.levels_used}
    wanted = ("L1", "L2", "T12", "L3", "T11", "L4", "T10", "L5", "T9", "T8", "T7")
    with_region = [body for body in measured.bodies if body.roi is not None]
    chosen = sorted(with_region, key=lambda body: (body.level not in used, wanted.index(body.level)))[:MOST_AXIAL]
    return sorted(chosen, key=lambda body: -body.centre_lps_mm[2])


def _draw(axes: Axes, cut: Cut, scan: RealScan, bodies: tuple[FoundBody, ...]) -> None:
    axes.imshow(cut.hu(scan.volume), cmap="gray", vmin=LOWEST_HU, vmax=HIGHEST_HU)
    axes.set_axis_off()
    for true in scan.true:
        if true.mask is not None:
            _outline(axes, cut.inside(true.mask), TRUE, 0.7)
    for body in bodies:
        _outline(axes, cut.inside(body.mask), FOUND if body.is_whole else CUT, 1.0)
        if body.roi is not None:
            _outline(axes, cut.region(body.roi, scan.volume).astype(float), REGION, 0.8)


def _outline(axes: Axes, values: np.ndarray, colour: str, width: float) -> None:
    if values.min() < 0.5 <= values.max():
        axes.contour(values, levels=[0.5], colors=[colour], linewidths=[width])


def _name(axes: Axes, cut: Cut, body: FoundBody) -> None:
    row, _ = cut.place_of(body.centre_lps_mm)
    reading = "" if body.roi is None else f" {body.roi.hu:.0f} HU"
    colour = FOUND if body.is_whole else CUT
    axes.text(3, row, f"{body.level}{reading}", color=colour, fontsize=8, va="center")


def _caption(body: FoundBody, measured: Measured) -> str:
    used = body.level in {level.value for level in measured.assessment.levels_used}
    assert body.roi is not None
    return f"{body.level}{', used' if used else ''}: {body.roi.hu:.0f} HU, {body.roi.roi_cm3:.1f} cm3"
