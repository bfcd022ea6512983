"""What a moment tells that a clock wrote which may have been wrong.

Clocks of machines differ a little, and jump: a confirmation, a turn or a heartbeat may be dated years ahead. What lies
further ahead than clocks may differ does not tell when it was. So it was not lately, it holds nothing up, and whoever
comes next writes over it. `cds.storage.moments` says the same of columns.
"""

from datetime import datetime, timedelta
from typing import Final

CLOCKS_DIFFER_BY: Final = timedelta(minutes=1)
"""At most, among the machines of a site; far more than NTP leaves, and as much as clients' clocks may by default."""


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Whether a clock that was wrong wrote it."""
    return moment > now + CLOCKS_DIFFER_BY


def lately(moment: datetime, now: datetime, within: timedelta) -> bool:
    """At most so long ago, as far as anyone can tell."""
    return now - moment <= within and not is_ahead(moment, now)


def is_due(last: datetime, now: datetime, every: timedelta) -> bool:
    """Whether it is time again for what is done so often."""
    return now - last >= every or is_ahead(last, now)
