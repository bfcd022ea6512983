"""The loss curve of one network, as a table and a picture."""

import csv
from pathlib import Path

from matplotlib.figure import Figure

_COLUMNS = ("step", "seconds", "loss")


class Curve:
    """Appends to `curve-STAGE.csv` and draws `curve-STAGE.png` in a folder."""

    def __init__(self, folder: Path, stage: str) -> None:
        self._stage = stage
        self._table = folder / f"curve-{stage}.csv"

    def add(self, step: int, seconds: float, loss: float) -> None:
        """One point: the mean loss since the last point."""
        is_new = not self._table.exists()
        with self._table.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(_COLUMNS)
            writer.writerow((step, f"{seconds:.1f}", f"{loss:.5f}"))

    def draw(self) -> None:
        """Draw every point written so far."""
        if not self._table.exists():
            return
        with self._table.open(newline="", encoding="utf-8") as file:
            points = [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(file)]
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        axes.plot(*zip(*points, strict=True), label=self._stage)
        axes.set(xlabel="optimiser step", ylabel="training loss", yscale="log")
        axes.legend()
        figure.savefig(self._table.with_suffix(".png"), dpi=110)
