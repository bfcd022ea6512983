"""How the parts tell what they do."""

from collections.abc import Callable

Say = Callable[[str], None]
"""Called with one short line."""
