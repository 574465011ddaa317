"""flannel, the network that k8sops brings."""
