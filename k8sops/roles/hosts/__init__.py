"""Hosts before Kubernetes: preflight, swap, kernel, time, names, firewall."""
