"""CDS Hooks on the wire: messages, discovery, prefetch, cards, routes."""
