"""What a service does with what it knows."""

from typing import Literal

Mode = Literal["live", "shadow", "off"]
"""live: cards; shadow: measure and store, show nothing; off: answer empty, measure nothing."""
