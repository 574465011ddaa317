"""Docker, behind cri-dockerd or kubelet's own dockershim."""
