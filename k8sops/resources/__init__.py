"""Desired states, as pure functions that return a `Resource`; nothing here runs anything."""

from k8sops.resource import Resource, later
from k8sops.resources.files import absent, block, directory, file
from k8sops.resources.kernel import kernel_modules, swap_off, sysctl
from k8sops.resources.kubernetes import kubeadm_init, kubeadm_join, kubeconfig_for, manifest, node
from k8sops.resources.packages import apt_repository, packages
from k8sops.resources.services import service

__all__ = [
    "Resource",
    "absent",
    "apt_repository",
    "block",
    "directory",
    "file",
    "kernel_modules",
    "kubeadm_init",
    "kubeadm_join",
    "kubeconfig_for",
    "later",
    "manifest",
    "node",
    "packages",
    "service",
    "swap_off",
    "sysctl",
]
