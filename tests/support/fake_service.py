"""A real service process without the web: it starts and watches one fake worker, as `osteocds serve` does.

`python -m tests.support.fake_service URL FOLDER STEP`
"""

import signal
import sys

from cds.durable.supervisor import WorkerSupervisor


def main() -> None:
    """Until it is ended."""
    supervisor = WorkerSupervisor([sys.executable, "-m", "tests.support.fake_worker", *sys.argv[1:]], 1)
    supervisor.start()
    signal.pause()


if __name__ == "__main__":
    main()
