"""What a node says of its own labels, annotations and taints."""

DECLARED = "k8sops.io/declared"
"""The annotation in which a node keeps what k8sops has set there; written with it by the same apply."""
