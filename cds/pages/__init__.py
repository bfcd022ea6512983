"""The report page behind a card's link: plain HTML, no script, nothing from elsewhere."""
