"""What every request and every answer passes, whatever route it is for."""
