"""What a living cluster runs, and where the inventory says something else that k8sops cannot roll out yet."""
