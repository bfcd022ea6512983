"""How many HU one mg/cm3 of bone mineral makes: tables from physics, read as plain numbers."""
