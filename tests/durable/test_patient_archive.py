"""Mirrors cds/durable/patient_archive.py: a slow archive, in a process that would end if the CT were blamed for it."""

import subprocess
import sys

MEASURING = """
import sys, time
from pathlib import Path
from cds.durable.hang_trace import HangTrace
from cds.durable.limits import Limits
from cds.durable.patient_archive import PatientArchive

class Slow:
    def find_series(self, patient):
        return f"series of {patient}"
    def standing(self, study_uid, series_uid, patient):
        return f"standing of {study_uid} {series_uid} {patient}"
    def retrieve(self, series, progress):
        time.sleep(0.6)
        return f"voxels of {series} {progress}"

archive = PatientArchive(Slow(), 5.0)
with Limits(0.3, 100_000).holding("screen-1.1", print, HangTrace(Path(sys.argv[1]))):
    told = archive.find_series("PAT-1"), archive.retrieve("1.2", "told"), archive.standing("1", "1.2", "PAT-1")
    print(*told, sep=", ")
"""


def test_a_slow_archive_ends_no_measurement(tmp_path):
    """Given a retrieval that takes twice as long as measuring may, then all is handed on as the archive says it."""
    command = [sys.executable, "-c", MEASURING, str(tmp_path / "worker.hang")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0
    assert done.stdout == "series of PAT-1, voxels of 1.2 told, standing of 1 1.2 PAT-1\n"
