"""Faults with real processes, at the length that they have in a hospital: `make faults`.

The same tests as in `make test`, but PostgreSQL is away for half a minute instead of five seconds, and workers look
after each other as often as in a hospital; and those marked `faults`, which are more of the same kinds: an archive with
every fault, clocks off by a day, a service killed at every step. What was run, how it ended and how long it took goes
to `results/faults.json`; a test that is skipped says why.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

from cds.durable.takeover import LOOK_EVERY_S
from tests.benchmarks.provenance import provenance

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
RESULTS = HERE / "results" / "faults.json"
_FILES = ("restart_worker", "takeover", "full_disk", "archive_faults", "wrong_clocks", "service_in_trouble")
TESTS = tuple(f"tests/system/test_{name}.py" for name in _FILES)


def main() -> None:
    """Run, write the results file, and end as pytest does."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--outage-s", type=float, default=30.0)
    outage_s = arguments.parse_args().outage_s
    with tempfile.TemporaryDirectory() as home:
        report = Path(home) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-m", "", *TESTS, f"--junitxml={report}"]
        environment = os.environ | {
            "OSTEOCDS_TEST_OUTAGE_S": str(outage_s),
            "OSTEOCDS_TEST_LOOK_EVERY_S": str(LOOK_EVERY_S),
        }
        status = subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode
        cases = [_ended(case) for case in ET.parse(report).iter("testcase")]  # noqa: S314 - written by ourselves
    found = {
        "provenance": provenance(["python", "-m", "tests.benchmarks.faults"], HERE),
        "PostgreSQL away, s": outage_s,
        "tests": cases,
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    sys.exit(status)


def _ended(case: ET.Element) -> dict[str, object]:
    file = str(case.get("classname")).replace(".", "/")
    skipped, wrong = case.find("skipped"), case.find("failure") if case.find("error") is None else case.find("error")
    ended = "passed" if skipped is None and wrong is None else "failed"
    if skipped is not None:
        ended = f"skipped: {skipped.get('message')}"
    return {"test": f"{file}.py::{case.get('name')}", "ended": ended, "seconds": round(float(case.get("time", 0)), 1)}


if __name__ == "__main__":
    main()
