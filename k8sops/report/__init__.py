"""Plans, progress, runs and clusters, for people and for machines."""
