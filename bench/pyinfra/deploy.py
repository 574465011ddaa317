"""The states of k8sops' site.yaml, as a user of pyinfra would write them; data comes with the inventory."""

from pyinfra import config, host
from pyinfra.facts.files import File
from pyinfra.facts.server import Command
from pyinfra.operations import apt, files, server, systemd

config.SUDO = True
data = host.data
files_of = data.files
kubectl = "KUBECONFIG=/etc/kubernetes/admin.conf kubectl"
PARAMETERS = ["net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables", "net.ipv4.ip_forward"]
HELD = ["kubelet", "kubeadm", "kubectl"]

# --- hosts ready for Kubernetes ---------------------------------------------------------------------------------------
if host.get_fact(Command, "swapon --noheadings --show || true"):
    server.shell(name="swap off", commands=["swapoff -a"])
files.line(name="no swap in fstab", path="/etc/fstab", line=r"^[^#]\S*\s+\S+\s+swap\s.*", present=False)
modules = "/etc/modules-load.d/k8sops.conf"
files.put(name="modules at boot", src=f"{files_of}{modules}", dest=modules)
if not host.get_fact(Command, "[ ! -d /proc/sys/net/bridge ] || echo there"):
    server.shell(name="modules now", commands=["modprobe -a overlay br_netfilter"])
for key in PARAMETERS:
    server.sysctl(name=key, key=key, value=1, persist=True, persist_file=f"/etc/sysctl.d/90-k8sops-{key}.conf")
apt.packages(name="time service", packages=["systemd-timesyncd"])
systemd.service(name="time service enabled", service="systemd-timesyncd", running=None, enabled=True)
files.block(
    name="names",
    path="/etc/hosts",
    content=data.names,
    marker=f"# k8sops {data.cluster} {{mark}}",
    begin="begin",
    end="end",
)
for path in ("/etc/apt/keyrings/kubernetes.asc", "/etc/apt/sources.list.d/kubernetes.list"):
    files.put(name=path, src=f"{files_of}{path}", dest=path)
apt.packages(
    name="packages",
    packages=[
        *(f"{one}={data.package_version}" for one in HELD),
        *("containerd", "conntrack", "ebtables", "ethtool", "iptables", "socat", "bash-completion"),
    ],
    no_recommends=True,
)
held = (host.get_fact(Command, "apt-mark showhold") or "").split()
if missing := [one for one in HELD if one not in held]:
    server.shell(name="packages held", commands=[f"apt-mark hold {' '.join(missing)}"])
systemd.service(name="kubelet enabled", service="kubelet", running=None, enabled=True)
files.file(name="no firewall of ours", path="/etc/systemd/system/k8sops-firewall.service", present=False)
for registry in data.registries:
    path = f"/etc/containerd/certs.d/{registry}/hosts.toml"
    files.put(name=registry, src=f"{files_of}{path}", dest=path)
containerd = files.put(
    name="containerd configured", src=f"{files_of}/etc/containerd/config.toml", dest="/etc/containerd/config.toml"
)
systemd.service(name="containerd runs", service="containerd", running=True, enabled=True)
systemd.service(name="containerd reads it", service="containerd", restarted=True, _if=containerd.did_change)
files.put(name="comfort", src=f"{files_of}/etc/profile.d/k8sops.sh", dest="/etc/profile.d/k8sops.sh")

# --- control plane ----------------------------------------------------------------------------------------------------
if "control_plane" in host.groups:
    init = "/etc/kubernetes/k8sops/init.yaml"
    files.put(name="kubeadm's configuration", src=f"{files_of}{init}", dest=init, mode="600")
    if not host.get_fact(File, path="/etc/kubernetes/admin.conf"):
        server.shell(
            name="kubeadm init", commands=[f"kubeadm init --config {init} --ignore-preflight-errors=SystemVerification"]
        )
    systemd.service(name="kubelet runs", service="kubelet", running=True, enabled=True)
    server.shell(name="the API answers", commands=[f"{kubectl} get --raw=/readyz"])
    manifest = "/etc/kubernetes/k8sops/flannel.yaml"
    files.put(name="flannel's manifest", src=f"{files_of}/flannel.yaml", dest=manifest)
    how = f"--server-side --field-manager=k8sops --force-conflicts -f {manifest}"
    if host.get_fact(Command, f"{kubectl} diff {how} || true"):
        server.shell(name="flannel", commands=[f"{kubectl} apply {how}"])
    admin = host.get_fact(Command, "sha256sum </etc/kubernetes/admin.conf")
    for user, home in (("root", "/root"), ("ops", "/home/ops")):
        files.directory(name=f"folder of {user}", path=f"{home}/.kube", mode="700", user=user)
        if host.get_fact(Command, f"sha256sum <{home}/.kube/config || true") != admin:
            server.shell(
                name=f"administrator {user}",
                commands=[f"install -m 0600 -o {user} /etc/kubernetes/admin.conf {home}/.kube/config"],
            )

# --- workers ----------------------------------------------------------------------------------------------------------
if "workers" in host.groups:
    if not host.get_fact(File, path="/etc/kubernetes/kubelet.conf"):
        server.shell(name="kubeadm join", commands=[f"{data.join} --ignore-preflight-errors=SystemVerification"])
    systemd.service(name="kubelet runs", service="kubelet", running=True, enabled=True)

# --- nodes as declared ------------------------------------------------------------------------------------------------
if "control_plane" in host.groups:
    server.shell(
        name="nodes are ready and workloads rolled out",
        commands=[
            f"{kubectl} wait --for=condition=Ready nodes --all --timeout=180s",
            f"{kubectl} -n kube-system rollout status deployment/coredns --timeout=180s",
            f"{kubectl} -n kube-flannel rollout status daemonset/kube-flannel-ds --timeout=180s",
        ],
    )
