"""Who may call, and what a signed link opens."""
