"""What a node says of its own labels, annotations and taints."""

DECLARED = "k8sops.io/declared"
"""The annotation that records what k8sops has set on a node, written by the same apply."""
