"""CDS Hooks on the wire: what clients send, what they are told, and the cards between."""
