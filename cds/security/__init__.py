"""Signed links and, later, who may call."""
