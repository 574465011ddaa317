"""Files of other tools that are easily given as an inventory: recognised by what only they contain."""

from __future__ import annotations

import re
from typing import Any

KUBESPRAY = {"kube_control_plane", "kube_node", "k8s_cluster", "kube-master", "kube-node", "k8s-cluster"}
ANSIBLE_KEYS = {"hosts", "children", "vars"}
API_GROUPS = {
    "k0sctl.k0sproject.io": "a k0sctl configuration",
    "kubeone.k8c.io": "a KubeOne configuration",
    "kubeone.io": "a KubeOne configuration",
    "kubekey.kubesphere.io": "a KubeKey configuration",
    "kubeadm.k8s.io": "a kubeadm configuration",
    "kops.k8s.io": "a kOps configuration",
    "cluster.x-k8s.io": "a Cluster API manifest",
    "kind.x-k8s.io": "a kind configuration",
}
_API_VERSION = re.compile(r"^[ {]*\"?apiVersion\"?:\s*[\"']?([^\s\"',#]+)", re.M)
_KIND = re.compile(r"^[ {]*\"?kind\"?:\s*[\"']?([A-Za-z]+)", re.M)
_SECTION = re.compile(r"^\[[A-Za-z0-9_.-]+(?::(?:children|vars))?\]\s*(?:[#;].*)?$", re.M)


def recognise(text: str, data: Any = None) -> str:
    """What the file looks like, with its article: `an Ansible INI inventory`; empty where it is like none of these.

    `data`: the file as YAML, where it is valid YAML.
    """
    if text.startswith("#!"):
        return "a script, such as a dynamic inventory of Ansible"
    if found := _API_VERSION.search(text):
        return _of_api(found[1], kind[1] if (kind := _KIND.search(text)) else "")
    if _SECTION.search(text):
        return "a kubespray inventory in INI form" if _names_kubespray(text) else "an Ansible INI inventory"
    if not isinstance(data, dict):
        return ""
    if _is_ansible(data):
        return "a kubespray inventory" if _names_kubespray(text) else "an Ansible YAML inventory"
    nodes = data.get("nodes")
    if isinstance(nodes, list) and nodes and all(isinstance(node, dict) and "role" in node for node in nodes):
        return "an RKE cluster.yml"
    return ""


def _of_api(version: str, kind: str) -> str:
    group = version.partition("/")[0]
    if (version, kind) == ("v1", "Config"):
        return "a kubeconfig"
    if version.startswith("k8sops/"):
        return f"a {kind} that k8sops wrote, not an inventory"
    known = next((what for name, what in API_GROUPS.items() if group == name or group.endswith(f".{name}")), "")
    return known or f"a Kubernetes manifest ({kind or version})"


def _is_ansible(data: dict[Any, Any]) -> bool:
    """Whether the top level holds Ansible's groups: `all`, or maps of nothing but hosts, children and vars."""
    groups = [group for group in data.values() if isinstance(group, dict)]
    shaped = bool(groups) and len(groups) == len(data) and all(group.keys() <= ANSIBLE_KEYS for group in groups)
    return ("all" in data and isinstance(data["all"], dict)) or (shaped and any(groups))


def _names_kubespray(text: str) -> bool:
    return any(re.search(rf"(?m)^\s*\[?{re.escape(name)}\b", text) for name in KUBESPRAY)
