"""What the site decides about its cards."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from cds.settings import OrderCode, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRules:
    """The settings that change whether a card is shown, and what it says."""

    notice: str
    show_normal: bool = False
    show_being_measured: bool = False
    youngest_age: int = 50
    override_quiet: timedelta = timedelta(days=180)
    """0: a card that was overridden is shown again at once."""
    repeat_quiet: timedelta = timedelta(days=30)
    """0: an unchanged result is shown every time."""
    dxa_order_codes: tuple[OrderCode, ...] = (OrderCode("http://loinc.org", "83012-5"),)
    smart_launch_url: str | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """As the operator set them."""
        return cls(
            notice=settings.notice,
            show_normal=settings.show_normal,
            show_being_measured=settings.show_being_measured,
            youngest_age=settings.youngest_age,
            override_quiet=timedelta(days=settings.override_quiet_days),
            repeat_quiet=timedelta(days=settings.repeat_quiet_days),
            dxa_order_codes=settings.dxa_order_codes,
            smart_launch_url=str(settings.smart_launch_url) if settings.smart_launch_url else None,
        )
