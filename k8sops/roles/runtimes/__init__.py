"""Container runtimes: containerd, and Docker with cri-dockerd."""
