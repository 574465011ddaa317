"""kubeadm: init, join, tokens, reset, kubeconfig, and what a living cluster runs."""
