"""Node objects: labels, annotations, taints."""
