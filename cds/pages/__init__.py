"""The report page behind the card's link."""
