"""What wins over the files of k8sops and of packages is found; what only looks like it is not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from bash import bash

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.shell import envelope, new_mark
from k8sops.inventory.spec import ClusterSpec
from k8sops.operations.inputs import load_spec
from k8sops.roles.hosts.tasks.leftovers import SCRIPT, TASK

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
network: {pods: 10.244.0.0/16, services: 10.96.0.0/12, cni: flannel}
sysctl: {vm.max_map_count: 262144}
groups:
  control_plane:
    hosts: {cp1: {address: 10.0.0.11}}
"""
FLAGS = "$KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS"
DROP_IN = f"""\
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
ExecStart=
ExecStart=/usr/bin/kubelet {FLAGS}
"""


@pytest.fixture
def spec(tmp_path: Path) -> ClusterSpec:
    path = tmp_path / "inventory.yaml"
    path.write_text(INVENTORY)
    return load_spec(path)


def facts_of(spec: ClusterSpec, files: dict[str, str], folder: Path, **known: object) -> HostFacts:
    """What the real script finds where these files are the whole host."""
    root = folder / "host"
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content == "-> /dev/null":
            path.symlink_to("/dev/null")
        else:
            path.write_text(content)
            path.chmod(0o755)
    asked = TASK.asks(spec, spec.hosts[0], {})
    script = re.sub(r"(?<=[\s<])/(etc|run|usr|sys|proc)/|(?<=\]=)/(etc)/", rf"{root}/\1\2/", asked)
    fact = 'fact() { printf \'%s=%s\\n\' "$1" "$2"; }'
    feature = f'has_feature() {{ has_line {root}/proc/filesystems "nodev $1"; }}'
    result = bash(envelope(new_mark(), [fact, feature, script]), folder)
    assert result.err == ""
    found = HostFacts.parse(result.out.replace(str(root), "").splitlines())
    return replace(found, **known)  # type: ignore[arg-type]


def findings(spec: ClusterSpec, facts: HostFacts) -> list[str]:
    return [f"{one.name}: {one.what}" for one in TASK.findings(spec, Fleet({"cp1": facts}, frozenset({"cp1"})))]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"etc/cni/net.d/05-x.conf": '{"type": "bridge"}'}, "CNIConfig: /etc/cni/net.d/05-x.conf takes precedence over 10-flannel.conflist"),
        ({"etc/cni/net.d/99-x.conflist": '{"plugins": [{"type":"ptp"}]}'}, "CNIConfig"),
        ({"etc/sysctl.d/99-x.conf": "net.ipv4.ip_forward=0"}, "SysctlOverride: /etc/sysctl.d/99-x.conf:1 sets net.ipv4.ip_forward = 0 at the next boot instead of 1"),
        ({"etc/sysctl.d/99-x.conf": "-net/ipv4/ip_forward = 0"}, "SysctlOverride"),
        ({"etc/sysctl.d/99-x.conf": "net.ipv4.conf.*.forwarding = 0"}, "SysctlOverride: /etc/sysctl.d/99-x.conf:1 sets net.ipv4.conf.all.forwarding = 0"),
        ({"usr/lib/sysctl.d/99-x.conf": "\n# y\nvm.max_map_count = 65530 \n"}, "SysctlOverride: /usr/lib/sysctl.d/99-x.conf:3 sets vm.max_map_count = 65530 at the next boot instead of 262144"),
        ({"etc/sysctl.conf": "net.ipv4.ip_forward=0"}, "SysctlOverride: /etc/sysctl.conf:1"),
        ({"etc/ufw/ufw.conf": "ENABLED=yes", "etc/ufw/sysctl.conf": "net/ipv4/ip_forward=0"}, "SysctlOverride: /etc/ufw/sysctl.conf:1"),
        ({"etc/modprobe.d/x.conf": "blacklist br_netfilter"}, "ModuleBlocked: /etc/modprobe.d/x.conf:1 prevents the kernel module br_netfilter"),
        ({"etc/modprobe.d/x.conf": "install overlay /bin/false"}, "ModuleBlocked"),
        ({"usr/local/bin/kubelet": "#!/bin/sh\n"}, "ProgramOverride: /usr/local/bin/kubelet takes precedence"),
        ({"usr/local/sbin/runc": "\x7fELF"}, "OwnProgram: /usr/local/sbin/runc"),
        ({"etc/systemd/system/kubelet.service": "[Service]"}, "KubeletUnit: /etc/systemd/system/kubelet.service replaces the unit"),
        ({"etc/systemd/system/kubelet.service": "-> /dev/null"}, "KubeletUnit: /etc/systemd/system/kubelet.service masks kubelet"),
        ({"etc/systemd/system/kubelet.service.d/10-kubeadm.conf": "-> /dev/null"}, "KubeletUnit: /etc/systemd/system/kubelet.service.d/10-kubeadm.conf overrides"),
        ({"etc/systemd/system/kubelet.service.d/9.conf": "ExecStart=/usr/bin/kubelet --x"}, "KubeletUnit: /etc/systemd/system/kubelet.service.d/9.conf starts kubelet without $KUBELET_KUBECONFIG_ARGS and"),
        ({"etc/systemd/system/kubelet.service.d/9.conf": "  ExecStart=\\\n  /usr/bin/kubelet --x\n"}, "KubeletUnit: /etc/systemd/system/kubelet.service.d/9.conf starts kubelet without"),
        ({"run/systemd/system/kubelet.service.d/9.conf": f"ExecStart=/usr/bin/kubelet {FLAGS} --x"}, "KubeletUnit: /run/systemd/system/kubelet.service.d/9.conf overrides"),
        ({"etc/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet"}, "KubeletUnit: /etc/systemd/system/kubelet.service replaces the unit"),
        ({"etc/systemd/system/kubelet.service.d/9.conf": 'Environment="KUBELET_KUBEADM_ARGS=--x"'}, "KubeletUnit"),
        ({"etc/systemd/system/kubelet.service.d/9.conf": '[Service]\nEnvironment="KUBELET_EXTRA_ARGS=--v=2 \\\n --token=hunter2"\n'}, "KubeletExtraArgs: /etc/systemd/system/kubelet.service.d/9.conf passes --v --token to kubelet"),
        ({"etc/systemd/system/kubelet.service.d/10-kubeadm.conf": f"{DROP_IN}Environment=KUBELET_EXTRA_ARGS=--v=2"}, "KubeletExtraArgs: /etc/systemd/system/kubelet.service.d/10-kubeadm.conf passes --v"),
        ({"etc/default/kubelet": "KUBELET_EXTRA_ARGS=--node-ip=10.1.1.1"}, "KubeletExtraArgs: /etc/default/kubelet passes --node-ip=10.1.1.1 to kubelet"),
        ({"sys/class/net/weave": ""}, "NetworkLinks: network interfaces of an earlier pod network: weave"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_what_wins_is_named(spec: ClusterSpec, tmp_path: Path, files: dict[str, str], expected: str) -> None:
    (found,) = findings(spec, facts_of(spec, files, tmp_path))
    assert found.startswith(expected)
    assert "hunter2" not in found


@pytest.mark.parametrize(
    "files",
    [
        {"etc/cni/net.d/10-flannel.conflist": '{"plugins": [{"type": "flannel"}]}'},
        {"etc/cni/net.d/00-multus.conf": '{"type": "multus"}'},
        {"etc/cni/net.d/05-x.conf.bak": '{"type": "bridge"}'},
        {"etc/sysctl.d/10-x.conf": "net.ipv4.ip_forward=0"},
        {"etc/sysctl.d/99-x.conf": "net.ipv4.ip_forward=0", "etc/sysctl.d/99-y.conf": "net.ipv4.ip_forward=1"},
        {"etc/sysctl.d/99-x.conf": "-> /dev/null", "usr/lib/sysctl.d/99-x.conf": "net.ipv4.ip_forward=0"},
        {"etc/sysctl.d/99-x.conf": "# net.ipv4.ip_forward=0\n; net.ipv4.ip_forward=0\nvm.swappiness=0"},
        {"etc/ufw/ufw.conf": "ENABLED=no", "etc/ufw/sysctl.conf": "net/ipv4/ip_forward=0"},
        {"etc/modprobe.d/x.conf": "blacklist pcspkr\noptions overlay metacopy=on"},
        {"etc/modprobe.d/x.conf": "blacklist overlay", "proc/filesystems": "nodev overlay\n", "proc/modules": "x 1\n"},
        {"usr/local/sbin/runc": '#!/bin/sh\nexec /usr/sbin/runc "$@"\n'},
        {"etc/systemd/system/kubelet.service.d/10-kubeadm.conf": DROP_IN},
        {"etc/systemd/system/kubelet.service.d/90-own.conf": "[Service]\nCPUAccounting=true\n"},
        {"etc/systemd/system/kubelet.service.d/90-own.conf": "[Service]\nEnvironment=KUBELET_EXTRA_ARGS=\n"},
        {"etc/default/kubelet": "KUBELET_EXTRA_ARGS=\n"},
    ],
    ids=lambda value: next(iter(value)),
)
def test_what_does_no_harm_is_not_named(spec: ClusterSpec, tmp_path: Path, files: dict[str, str]) -> None:
    assert findings(spec, facts_of(spec, files, tmp_path)) == []


def test_on_a_node_a_configuration_that_sorts_later_does_no_harm(spec: ClusterSpec, tmp_path: Path) -> None:
    files = {"etc/cni/net.d/87-podman-bridge.conflist": '{"plugins": [{"type": "bridge"}]}', "sys/class/net/weave": ""}
    assert findings(spec, facts_of(spec, files, tmp_path, joined=True)) == []


@pytest.mark.parametrize(
    ("joined", "subnet", "address", "wrong"),
    [
        (False, "", "10.244.1.1/24", True),
        (False, "", "fe80::1/64", False),
        (True, "10.244.1.1/24", "10.244.1.1/24", False),
        (True, "10.244.2.1/24", "10.244.1.1/24", True),
        (True, "", "10.244.1.1/24", False),
        (True, "", "10.99.1.1/24", True),
    ],
)
def test_the_bridge_has_the_range_of_its_node(
    spec: ClusterSpec, tmp_path: Path, joined: bool, subnet: str, address: str, wrong: bool
) -> None:
    files = {"run/flannel/subnet.env": f"FLANNEL_SUBNET={subnet}\n"} if subnet else {}
    facts = facts_of(spec, files, tmp_path, joined=joined, addresses=(("cni0", address),))
    assert [one.partition(":")[0] for one in findings(spec, facts)] == ["CNIBridge"] * wrong


def test_another_network_of_the_users_own_is_only_warned_of(spec: ClusterSpec, tmp_path: Path) -> None:
    files = {"etc/cni/net.d/05-x.conf": '{"type": "bridge"}'}
    own = INVENTORY.replace("cni: flannel", "cni: {manifests: [own.yaml]}")
    (tmp_path / "inventory.yaml").write_text(own)
    facts = facts_of(spec, files, tmp_path, addresses=(("cni0", "10.1.1.1/24"),))
    (found,) = findings(load_spec(tmp_path / "inventory.yaml"), facts)
    assert found.startswith("OtherCNIConfig")


def test_no_process_is_started_on_a_host_without_leftovers() -> None:
    assert "$(" not in SCRIPT.replace("$((", "").replace("$(printf '%s\\n' \"${lines[@]}\")", "")


def test_what_a_join_that_died_has_left_of_the_network_is_in_nobodys_way(spec: ClusterSpec, tmp_path: Path) -> None:
    files = {"etc/kubernetes/k8sops/join.yaml": "", "run/flannel/subnet.env": "FLANNEL_SUBNET=10.244.1.1/24\n"}
    facts = facts_of(spec, files, tmp_path, addresses=(("cni0", "10.244.1.1/24"),))
    assert findings(spec, facts) == []
