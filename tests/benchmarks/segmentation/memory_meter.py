"""Peak resident memory of this process, stage by stage.

Linux keeps a high-water mark that can be set back (`/proc/self/clear_refs`); elsewhere the mark of the whole
life of the process stands for every stage.
"""

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")


def peak_gb() -> float:
    """Highest resident memory since the mark was set back, in GB."""
    if STATUS.exists():
        return _kilobytes("VmHWM") / 1e6
    unit = 1e9 if sys.platform == "darwin" else 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def resident_gb() -> float:
    """Resident memory now; the peak where the system does not tell."""
    return _kilobytes("VmRSS") / 1e6 if STATUS.exists() else peak_gb()


def forget_peak() -> bool:
    """Set the mark back to what is resident now; False where that cannot be done."""
    try:
        CLEAR.write_text("5")
    except OSError:
        return False
    return True


def _kilobytes(key: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1])
