"""The health of a living cluster."""
