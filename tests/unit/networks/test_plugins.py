"""Pod networks are plugins: a folder is all that a new one takes, and no other part of k8sops knows one by name."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

PACKAGE = Path(__file__).resolve().parents[3] / "k8sops"
NAMED = re.compile(
    r"""[=!]= ["'](flannel|docker|containerd)["']|\.cni [=!]=|["']cni0["']|flannel\.1|\bflannel_\w+\(|endpoint_kept"""
)
"""A network or a runtime that is known by its name, or by what only it brings."""
AT_HOME = ("roles/networks/", "roles/runtimes/", "inventory/", "lab/", "cli/lab.py")

WEAVER = {
    "__init__.py": '"""A network that only this test knows."""\n',
    "settings.py": """
        from typing import ClassVar, Literal

        from k8sops.inventory.plugins import PluginModel


        class Weaver(PluginModel):
            node_ranges: ClassVar[bool] = True
            edits: ClassVar = {"mode": ("applied", "at once")}

            mode: Literal["sleeve", "fast"] = "sleeve"


        SETTINGS = Weaver
    """,
    "network.py": """
        from k8sops.resources.manifests import Manifest
        from k8sops.roles.networks.weaver.settings import Weaver
        from k8sops.roles.protocols import Network, Rollout

        TEXT = "{apiVersion: v1, kind: ConfigMap, metadata: {name: weaver, namespace: kube-system}, data: {mode: %s}}"


        class WeaverNetwork(Network):
            name = "weaver"
            makes_ready = True
            config = "10-weaver.conflist"
            links = ("weaver0",)
            namespaces = ("kube-weaver",)

            def manifests(self, spec):
                text = TEXT % spec.settings.network.of(Weaver).mode
                return [Manifest("weaver", text, ("ConfigMap kube-system/weaver",))]

            def images(self, spec):
                return ["registry.example.com/weaver:v1"]

            def ports(self, spec):
                return ["6783/tcp", "6783-6784/udp"]

            def rollouts(self, spec):
                return [Rollout("DaemonSet", "kube-weaver", "weaver", after=("manifest:weaver",))]


        NETWORK = WeaverNetwork()
    """,
}
INVENTORY = """
cluster: demo
kubernetes: "1.36.3"
network: {cni: weaver, weaver: {mode: fast}}
groups:
  control_plane: {hosts: {cp1: {address: 10.0.0.1}}}
  workers: {hosts: {w1: {address: 10.0.0.2}}}
"""
PLANS = """
    import json, sys
    from pathlib import Path
    import k8sops.roles.networks
    k8sops.roles.networks.__path__.append(sys.argv[1])
    from k8sops.engine.facts import Fleet, HostFacts
    from k8sops.errors import InputError
    from k8sops.inventory.load import load_inventory
    from k8sops.inventory.page import settings
    from k8sops.inventory.spec import make_spec
    from k8sops.roles.hosts.ports import openings
    from k8sops.roles.kubeadm.facts import cluster_images
    from k8sops.roles.kubeadm.leaving import network_gone
    from k8sops.roles.networks.tasks.cni import TASK as CNI
    from k8sops.roles.nodes.tasks.nodes import TASK as NODES

    file = Path(sys.argv[2])
    spec = make_spec(load_inventory(file))
    fleet = Fleet({host.name: HostFacts() for host in spec.hosts}, scope=frozenset({"cp1", "w1"}))
    cp1 = spec.host("cp1")
    resources = [one for task in (CNI, NODES) for one in task.resources(spec, cp1, fleet)]
    file.write_text(file.read_text().replace("mode: fast", "mode: slow"))
    try:
        load_inventory(file)
    except InputError as error:
        refused = str(error)
    print(json.dumps({
        "resources": [one.id for one in resources],
        "applied": resources[0].apply,
        "ports": [[one.ports, one.protocol] for one in openings(spec, cp1)],
        "images": cluster_images(spec),
        "settings": dict(settings()).get("network.weaver.mode"),
        "reset": network_gone().apply,
        "refused": refused,
    }))
"""


def test_a_third_plugin_is_a_folder_and_nothing_else(tmp_path: Path) -> None:
    for name, text in WEAVER.items():
        (tmp_path / "weaver").mkdir(exist_ok=True)
        (tmp_path / "weaver" / name).write_text(dedent(text))
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(INVENTORY)
    command = [sys.executable, "-c", dedent(PLANS), str(tmp_path), str(inventory)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["resources"][0] == "manifest:weaver"
    assert "mode: fast" in said["applied"]
    assert {"gate:nodes-ready", "gate:daemonset/weaver"} <= set(said["resources"])
    assert said["ports"][-2:] == [["6783", "tcp"], ["6783-6784", "udp"]]
    assert said["images"][0] == "registry.example.com/weaver:v1"
    assert said["settings"]
    assert "weaver0" in said["reset"]
    assert "10-weaver.conflist" in said["reset"]
    assert "`network.weaver.mode`" in said["refused"]
    assert "sleeve or fast" in said["refused"]


def test_no_network_and_no_runtime_is_known_by_its_name_outside_its_folder() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not str(path.relative_to(PACKAGE)).startswith(AT_HOME)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if NAMED.search(line)
    ]
    assert found == []
