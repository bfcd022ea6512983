"""The loss curve of a training run, as a table and a picture."""

import csv
from pathlib import Path

from matplotlib.figure import Figure

_COLUMNS = ("stage", "step", "seconds", "loss")


class Curve:
    """Appends to `curve.csv` and draws `curve.png` in a folder."""

    def __init__(self, folder: Path) -> None:
        self._table = folder / "curve.csv"
        self._picture = folder / "curve.png"

    def add(self, stage: str, step: int, seconds: float, loss: float) -> None:
        """One point: mean loss of a stage since its last point."""
        is_new = not self._table.exists()
        with self._table.open("a", newline="") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(_COLUMNS)
            writer.writerow((stage, step, f"{seconds:.1f}", f"{loss:.5f}"))

    def draw(self) -> None:
        """Draw every point written so far, one line for each stage."""
        if not self._table.exists():
            return
        with self._table.open(newline="") as file:
            rows = list(csv.DictReader(file))
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        for stage in sorted({row["stage"] for row in rows}):
            points = [(float(row["step"]), float(row["loss"])) for row in rows if row["stage"] == stage]
            axes.plot(*zip(*points, strict=True), label=stage)
        axes.set(xlabel="optimiser step", ylabel="training loss", yscale="log")
        axes.legend()
        figure.savefig(self._picture, dpi=110)
