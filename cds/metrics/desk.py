"""What a web process has to do with metrics."""

from dataclasses import dataclass

from cds.metrics.bringing import Bringing
from cds.metrics.exposition import Exposition
from cds.metrics.tally import Tally


@dataclass(frozen=True, slots=True)
class MetricsDesk:
    """Counts calls always; tells the numbers only where the site has set a token."""

    tally: Tally
    exposition: Exposition
    bringing: Bringing
    token: str | None
