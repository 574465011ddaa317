"""`python -m k8sops`."""

from k8sops.cli import main

main()
