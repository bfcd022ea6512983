"""`make bench-screen`: how fast CTs are screened, and what that takes.

throughput   studies an hour with one worker and with two, queued by `osteocds screen`, and seconds of each stage
one by one   from the order to the stored result on an idle, warm worker; bytes from the archive
memory       of a worker over its warm idle, 300 and 1,000 slices
retrieval    archive to volume with one and two decoding threads, beside reading the bytes alone
peer         the same CT through the compute of an nnU-Net "3 mm fast" network with random weights, same threads

Real voxels (`tests.benchmarks.screen.studies`), real Orthanc, real PostgreSQL. Prints tables and writes
tests/benchmarks/results/screen.json.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from pydicom.uid import JPEG2000Lossless, JPEGLSLossless
from rich.console import Console
from rich.table import Table

from tests.benchmarks.provenance import provenance
from tests.benchmarks.results_file import FOLDER, as_text
from tests.benchmarks.screen.counting_proxy import counting
from tests.benchmarks.screen.retrieval import retrieval_s
from tests.benchmarks.screen.site import a_site, memory_mb, running_workers
from tests.benchmarks.screen.studies import Scan, Stored, scans, store
from tests.benchmarks.screen.timeline import Passage, passages, per_hour, seconds_of
from tests.benchmarks.segmentation.data_folders import data_folders
from tests.benchmarks.segmentation.peer_network import tile_count
from tests.benchmarks.segmentation.speed import THREADS, json_of
from tests.benchmarks.target_lines import Line, line_of, target_table
from tests.support.orthanc import Orthanc, running_orthanc
from tests.support.postgres import PostgresServer, a_server

RESULTS = FOLDER / "screen.json"
COMPRESSED = {"JPEG-LS": JPEGLSLossless, "JPEG 2000": JPEG2000Lossless}
ALONE = 6
LATENCY_S, OVER_IDLE_MB, LONG_OVER_IDLE_MB, TIMES_PEER = 3.5, 1500, 2000, 20

Record = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """Studies through some workers."""

    passages: Sequence[Passage]
    idle_mb: float
    peak_mb: float
    """Of the largest worker."""

    def of(self, patients: Sequence[str]) -> Sequence[Passage]:
        """Without the first, which warms the worker."""
        return [each for each in self.passages[1:] if each.patient_id in patients]

    def memory(self) -> dict[str, float]:
        """MB."""
        over = self.peak_mb - self.idle_mb
        return {"idle_mb": round(self.idle_mb), "peak_mb": round(self.peak_mb), "over_idle_mb": round(over)}


@dataclass(frozen=True, slots=True)
class Bench:
    """The servers, and what they hold."""

    orthanc: Orthanc
    server: PostgresServer
    home: Path

    def run(
        self, name: str, patients: Sequence[str], *, workers: int, ahead: int, archive_url: str | None = None
    ) -> Run:
        """These patients through fresh workers that share the cores, `ahead` of them queued at once."""
        url = archive_url or self.orthanc.dicomweb
        with (
            a_site(self.server, url, self.home / name) as site,
            running_workers(site, workers, THREADS // workers) as programs,
        ):
            idle = [memory_mb(program, "VmRSS") for program in programs]
            site.screen(patients, ahead)
            site.await_results(len(patients))
            peak = [memory_mb(program, "VmHWM") for program in programs]
            return Run(passages(site), max(idle), max(peak))


def main(arguments: Sequence[str] = sys.argv[1:]) -> int:
    """Measure, print, keep."""
    wanted = _arguments(arguments)
    say = Console(stderr=True).print
    folders, problems = data_folders(wanted.data)
    for problem in problems:
        say(problem)
    server = a_server(durable=True)
    if server is None:
        raise SystemExit("no PostgreSQL: install Debian's package postgresql")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "orthanc").mkdir()
        try:
            server.start()
            with running_orthanc(home / "orthanc") as orthanc:
                say("writing the CTs as DICOM ...")
                found = scans(folders, home / "scans")
                record = _measured(wanted.studies, found, Bench(orthanc, server, home), say)
        finally:
            server.remove()
    command = ["make", "bench-screen", f"STUDIES={wanted.studies}"]
    record = {"provenance": provenance(command, Path(__file__).parent), **record}
    if wanted.results != "-":
        Path(wanted.results).write_text(as_text(record) + "\n", encoding="utf-8")
    _show(record, Console())
    return 0


def _measured(studies: int, found: Mapping[str, Scan], bench: Bench, say: Say) -> Record:
    usual = [name for name in ("chest", "native") if name in found]
    whose = {f"SCREEN-{number:03d}": found[usual[number % len(usual)]] for number in range(studies)}
    chests = [patient for patient, scan in whose.items() if scan.name == "chest"]
    say(f"storing {studies} studies ...")
    stored = {each.patient_id: each for each in store(bench.orthanc, [*whose.items(), ("LONG", found["long"])])}
    say("one worker ...")
    one = bench.run("one", list(whose), workers=1, ahead=4)
    say("two workers ...")
    two = bench.run("two", list(whose), workers=2, ahead=6)
    say("one after the other ...")
    alone = bench.run("alone", chests[:ALONE], workers=1, ahead=1)
    say("1,000 slices ...")
    long = bench.run("long", ["LONG"], workers=1, ahead=1)
    say("bytes and retrieval ...")
    sent = _bytes(bench, stored[chests[0]])
    retrieval = _retrieval(bench, found["chest"], stored[chests[0]])
    say("the network of others, random weights ...")
    return {
        "scans": {scan.name: {"shape": scan.shape, "extent_mm": scan.extent_mm} for scan in found.values()},
        "studies": {name: sum(scan.name == name for scan in whose.values()) for name in usual},
        "one worker": _throughput(one, 1),
        "two workers": _throughput(two, 2),
        "ratio": round(per_hour(two.passages) / per_hour(one.passages), 2),
        "seconds, chest, one worker": seconds_of(one.of(chests)),
        "seconds, chest, two workers": seconds_of(two.of(chests)),
        "order to result, chest, idle worker, s": [round(each.latency_s, 2) for each in alone.of(chests)],
        "1,000 slices": {"seconds": seconds_of(long.passages), **long.memory()},
        "bytes": sent,
        "retrieval": retrieval,
        "peer": _peer(found["chest"], seconds_of(one.of(chests))["segment"]),
    }


def _throughput(run: Run, workers: int) -> Record:
    return {"threads of each": THREADS // workers, "studies an hour": round(per_hour(run.passages)), **run.memory()}


def _bytes(bench: Bench, chest: Stored) -> Record:
    """What one screening takes from the archive, against the files of its series."""
    with counting(bench.orthanc.dicomweb) as count:
        bench.run("bytes", [chest.patient_id], workers=1, ahead=1, archive_url=count.url)
        received = count.received
    return {"series": chest.size_bytes, "received": received, "ratio": round(received / chest.size_bytes, 4)}


def _retrieval(bench: Bench, chest: Scan, plain: Stored) -> Record:
    found = {"uncompressed": retrieval_s(bench.orthanc, plain)}
    for name, syntax in COMPRESSED.items():
        (stored,) = store(bench.orthanc, [(name, chest)], syntax)
        found[name] = retrieval_s(bench.orthanc, stored)
    return found


def _peer(chest: Scan, ours_s: float) -> Record:
    """Tiles as that software lays them; its network's own work alone, against all of our segmentation."""
    patch = json_of("peer_network", "--threads", str(THREADS))
    tiles = tile_count(chest.extent_mm)
    seconds = tiles * patch["seconds_per_patch"]
    return {**patch, "tiles": tiles, "seconds": round(seconds, 1), "times ours": round(seconds / ours_s, 1)}


def _targets(record: Record) -> list[Line]:
    latency = median(record["order to result, chest, idle worker, s"])
    over, long_over = record["one worker"]["over_idle_mb"], record["1,000 slices"]["over_idle_mb"]
    return [
        line_of("order to stored result, 300 slices, s", latency, most=LATENCY_S),
        line_of("memory over idle, 300 slices, MB", over, most=OVER_IDLE_MB),
        line_of("memory over idle, 1,000 slices, MB", long_over, most=LONG_OVER_IDLE_MB),
        line_of("compute of the other network, times ours", record["peer"]["times ours"], least=TIMES_PEER),
        line_of("studies an hour, one worker", record["one worker"]["studies an hour"]),
        line_of("studies an hour, two workers", record["two workers"]["studies an hour"]),
        line_of("two workers against one", record["ratio"]),
        line_of("bytes retrieved against the series", record["bytes"]["ratio"]),
    ]


def _show(record: Record, console: Console) -> None:
    console.print(target_table(_targets(record)))
    seconds = Table("part", "one worker", "two workers", title="seconds of a chest CT")
    one, two = record["seconds, chest, one worker"], record["seconds, chest, two workers"]
    for part in one:
        seconds.add_row(part, f"{one[part]:.2f}", f"{two[part]:.2f}")
    console.print(seconds)
    ways = Table("retrieval, s", *next(iter(record["retrieval"].values())))
    for name, found in record["retrieval"].items():
        ways.add_row(name, *(f"{each:.2f}" for each in found.values()))
    console.print(ways)


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.screen", description=__doc__)
    parser.add_argument("--studies", type=int, default=24)
    parser.add_argument("--data", type=Path, help="folder with more real CT")
    parser.add_argument("--results", default=str(RESULTS), help="where the record goes; - for nowhere")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
