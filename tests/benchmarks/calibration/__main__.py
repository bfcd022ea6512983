"""`make bench-calibration`: from HU to mg/cm3, this method beside others, on simulated patients with known truth.

without-images   5,000 patients as tissue and vertebra readings with noise; reliability of the probability
with-images      531 simulated CT through the whole pipeline, up to 20 s each; a stopped run goes on, and a state of
                 the scanner that is not measured again is kept
real-pairs       17 people measured with and without a phantom by another method: what reality looks like

Each for a documented scanner and for one of which nothing is known. Prints tables and the targets, what is kept of the
projection tier (`tiers`) with them, draws figures, and keeps tests/benchmarks/results/calibration.json; each part is
kept as soon as it is there and can be run alone.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from rich.console import Console

from tests.benchmarks import results_file
from tests.benchmarks.calibration import imaged, pictures, real_pairs, reliability, tiers
from tests.benchmarks.calibration.answers import Answers
from tests.benchmarks.calibration.draw import ENRICHED, NATURAL, draw_cohort
from tests.benchmarks.calibration.methods import methods_for, this_one
from tests.benchmarks.calibration.observation import Case, ScannerState
from tests.benchmarks.calibration.record import record_of
from tests.benchmarks.calibration.side_by_side import side_by_side
from tests.benchmarks.calibration.tables import tables_of
from tests.benchmarks.provenance import provenance
from tests.benchmarks.segmentation.weights_under_test import weights_in

PARTS = ("without-images", "with-images", "real-pairs")
KEPT = ("with_images", "without_images", "real_pairs")
STATES: tuple[ScannerState, ...] = get_args(ScannerState)
WORK = Path("build") / "bench-calibration"
FILE = results_file.FOLDER / "calibration.json"
WITHOUT_IMAGES = 5000


def options_from(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=_parts, default=PARTS, help=f"some of {','.join(PARTS)}")
    parser.add_argument("--patients", type=int, default=WITHOUT_IMAGES, help="without images")
    parser.add_argument("--cases", type=int, default=NATURAL + ENRICHED, help="with images")
    parser.add_argument("--states", type=_states, default=STATES, help=f"some of {','.join(STATES)}; with images")
    parser.add_argument("--processes", type=int, default=2, help="for the cases with images")
    parser.add_argument("--pixel-mm", type=float, help="simulate with larger pixels: a quick look, not the benchmark")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for what need not be kept")
    parser.add_argument("--results", type=Path, default=FILE)
    parser.add_argument("--show", action="store_true", help="print the figures that are kept, measure nothing")
    return parser.parse_args(arguments)


def _parts(text: str) -> tuple[str, ...]:
    return _some(text, PARTS)


def _states(text: str) -> tuple[str, ...]:
    return _some(text, STATES)


def _some(text: str, known: Sequence[str]) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    unknown = [each for each in chosen if each not in known]
    if unknown:
        message = f"there is no {', '.join(unknown)}; there are {', '.join(known)}"
        raise argparse.ArgumentTypeError(message)
    return chosen


def command_of(options: argparse.Namespace) -> list[str]:
    """The command that repeats this run."""
    words = ["python", "-m", "tests.benchmarks.calibration", "--only", ",".join(options.only)]
    words += ["--patients", str(options.patients)] if "without-images" in options.only else []
    if "with-images" in options.only:
        words += ["--cases", str(options.cases), "--states", ",".join(options.states)]
        words += ["--pixel-mm", f"{options.pixel_mm:g}"] if options.pixel_mm else []
    return words


def enriched_share(patients: int) -> tuple[int, int]:
    """How many at natural prevalence and how many more below 80, as 421 to 110."""
    natural = round(patients * NATURAL / (NATURAL + ENRICHED))
    return natural, patients - natural


class Benchmark:
    """One run: what was asked for, and where each part is kept."""

    def __init__(self, options: argparse.Namespace, console: Console) -> None:
        self._options, self._console = options, console
        self._origin = provenance(command_of(options), Path(__file__).parent)

    def run(self) -> None:
        """The chosen parts, one after the other."""
        for part in self._options.only:
            self._console.rule(part)
            getattr(self, f"_{part.replace('-', '_')}")()

    def _keep(self, part: str, record: Mapping[str, Any]) -> None:
        results_file.keep(self._options.results, part, record, self._origin, order=KEPT)

    def _draw(self, answers: Mapping[str, Answers], name: str, title: str) -> None:
        file = self._options.results.with_suffix("") / f"{name}.png"
        pictures.save(pictures.picture_of(answers, title), file)

    def _without_images(self) -> None:
        natural, enriched = enriched_share(self._options.patients)
        states = {}
        for state in STATES:
            cases = draw_cohort(state, natural=natural, enriched=enriched)
            states[state] = self._side_by_side(cases, state, "without-images", "without images")
            self._console.print(f"{state}: {len(cases)} patients", highlight=False)
        self._keep("without_images", {"states": states, "reliability": reliability.record_of(this_one)})

    def _side_by_side(self, cases: Sequence[Case], state: str, name: str, told: str) -> dict[str, Any]:
        answers = side_by_side(cases, methods_for)
        self._draw(answers, f"{name}-{state}", f"simulated, {told}, scanner {state}, {len(cases)} patients")
        return record_of(cases, answers)

    def _with_images(self) -> None:
        options, weights = self._options, weights_in("final")
        plan = imaged.Plan(options.work, options.processes, options.pixel_mm)
        natural, enriched = enriched_share(options.cases)
        kept = results_file.load(options.results).get("with_images") or {}
        same = kept.get("weights") == weights.as_record()
        states, told = (dict(kept[each]) if same else {} for each in ("states", "cases"))
        for state in options.states:
            measured = imaged.measured_cohort(weights, state, natural, enriched, plan)
            answers = imaged.side_by_side(measured)
            self._draw(answers, f"with-images-{state}", f"simulated CT, scanner {state}, {len(measured)} patients")
            states[state] = record_of([each.case for each in measured], answers)
            told[state] = imaged.told_of(measured)
        self._keep("with_images", {"weights": weights.as_record(), "cases": told, "states": states})

    def _real_pairs(self) -> None:
        if not real_pairs.FILE.exists():
            self._console.print("the real pairs are not there: ../shared/calibration/verse19_reference_vbmd.csv")
            return
        self._keep("real_pairs", real_pairs.record_of(real_pairs.read_pairs()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, keep, print."""
    options, console = options_from(arguments), Console(width=210)
    if not options.show:
        Benchmark(options, console).run()
    for table in tables_of(results_file.load(options.results) | results_file.load(tiers.RESULTS)):
        console.print(table)


if __name__ == "__main__":
    main()
