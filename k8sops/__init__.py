"""k8sops: provision and operate kubeadm clusters over SSH."""

__version__ = "0.1.0"
