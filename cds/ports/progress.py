"""How long work tells how far it is."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""(what is being done, fraction done from 0 to 1)."""
