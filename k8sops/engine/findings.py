"""Findings: what speaks against a host or a cluster before anything is changed, and what each of them means.

`KINDS` is the catalogue: docs/findings.md is printed from it (`python -m k8sops.engine.findings`), and a test holds the
two together. A finding that a task of the user's own reports needs no entry: it is an error that can be waived.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Level = Literal["error", "warning", "pending"]
"""error: nothing is applied before it is fixed or waived. warning: shown, and nothing more. pending: an edit of the
inventory that k8sops cannot roll out to a living cluster yet; `check` exits 2 because of it."""


@dataclass(frozen=True)
class Kind:
    """What findings of one name have in common. `name` may end in `*`."""

    name: str
    means: str
    fix: str
    level: Level = "error"
    waivable: bool = True


@dataclass(frozen=True)
class Finding:
    """Something that speaks against a host; `name` is the word by which a user waives it."""

    host: str
    name: str
    what: str

    @property
    def kind(self) -> Kind:
        return kind_of(self.name)

    @property
    def level(self) -> Level:
        return self.kind.level


def kind_of(name: str) -> Kind:
    """The catalogue's entry for this name; for an unknown one, an error that can be waived."""
    return next((kind for kind in KINDS if fnmatchcase(name, kind.name)), Kind(name, "", ""))


KINDS = (
    # --- hosts ---
    Kind("OS", "The operating system is not one that k8sops knows.", "Use Debian 11 to 13 or an Ubuntu LTS release."),
    Kind("Arch", "The processor architecture is neither x86_64 nor aarch64.", "Use another host."),
    Kind("NumCPU", "A control plane has fewer than 2 CPUs, kubeadm's own minimum.", "Give it more CPUs."),
    Kind("Mem", "A control plane has less than 1700 MiB of memory, kubeadm's own minimum.", "Give it more memory."),
    Kind(
        "CgroupV1",
        "The host runs with cgroup v1, which kubelet refuses by default since 1.35.",
        "Boot with cgroup v2 (`systemd.unified_cgroup_hierarchy=1`), or set `allow_cgroup_v1: true`.",
    ),
    Kind("Address", "No network interface has the address that the inventory gives.", "Correct `address`."),
    Kind("Hostname", "Two hosts have the same hostname.", "Rename one: `hostnamectl hostname NAME`."),
    Kind(
        "MachineID",
        "Two hosts have the same machine-id, as clones of one image do.",
        "`rm /etc/machine-id; systemd-machine-id-setup` on one of them, then reboot.",
    ),
    Kind("MAC", "Two hosts have the same MAC address.", "Give the clone a new one in its hypervisor."),
    Kind(
        "ClockSkew",
        "The clock differs from the other hosts' by more than 2 s. Certificates and leases depend on it.",
        "Start a time service on the host, and wait until it has synchronised.",
    ),
    Kind(
        "NetworkOverlap",
        "A network that the host has a route to overlaps `network.pods` or `network.services`.",
        "Choose other networks for the cluster before it is created.",
    ),
    Kind("Port*", "A port that Kubernetes needs is in use.", "Stop the program: `ss -ltnp` shows it."),
    Kind(
        "Leftovers",
        "Files of an earlier cluster are on the host.",
        "If nothing of it is needed: `kubeadm reset`, then remove the files that are named.",
    ),
    Kind(
        "Reach",
        "The host cannot connect to another host on a port that Kubernetes needs.",
        "Check routes and firewalls between the two hosts.",
    ),
    Kind(
        "PackageRepository",
        "The host cannot reach the package repository.",
        "Check the route, or set `mirrors.packages`.",
    ),
    Kind(
        "ImageRegistry",
        "The host cannot read the manifest of an image that it needs from the registry or mirror that is named.",
        "Check the route and the URL in `mirrors.images`. A project of Harbor is `https://HARBOR/v2/PROJECT`.",
    ),
    Kind(
        "ImageRegistryLogin",
        "The mirror wants credentials. k8sops has none, so it cannot tell whether the image is there.",
        "Give the credentials to containerd on the host, or let the mirror be read without.",
        level="warning",
    ),
    Kind(
        "ImageRegistryUnchecked",
        "A host has neither curl nor wget, so an https registry was only checked for an open port.",
        "Install one of them for the check, or go on.",
        level="warning",
    ),
    Kind(
        "RegistryHosts",
        "A `hosts.toml` for a registry that `mirrors.images` names is there already, and k8sops did not write it.",
        "Move the file away, or remove the registry from `mirrors.images`.",
        waivable=False,
    ),
    Kind(
        "DockerMirror",
        "Docker cannot use a mirror below a path for images of Docker Hub. The cluster's own images do come from it.",
        "Use a mirror without a path for docker.io, or containerd.",
        level="warning",
    ),
    # --- room, and the endpoint ---
    Kind(
        "SameMachine",
        "Two hosts of the inventory are one machine: SSH reaches it under both names.",
        "Correct `address`, or `ssh.host`, `ssh.port` and `ssh.jump`, of one of them.",
        waivable=False,
    ),
    Kind(
        "DiskFull",
        "The disk has less free space, or inodes, than kubelet's eviction threshold: pods would be evicted at once.",
        "Free some space, use a larger disk, or set `kubelet: {evictionHard: …}`.",
    ),
    Kind(
        "DiskSpace",
        "The disk is so full that images may bring it below kubelet's eviction threshold.",
        "Free some space, or use a larger disk.",
        level="warning",
    ),
    Kind(
        "PodAddresses",
        "kubelet accepts more pods than the node's range has addresses. Those beyond it would not start.",
        "Lower `kubelet: {maxPods: …}`. The size of node ranges is fixed when the cluster is created.",
        level="warning",
    ),
    Kind(
        "EvenControlPlanes",
        "etcd needs a majority of its members, so an even number of them tolerates no more failures than one less.",
        "Use an odd number of control planes: 1, 3 or 5.",
        level="warning",
    ),
    Kind(
        "EndpointName",
        "A host that is to become a node cannot resolve the name in `endpoint`.",
        "Create the DNS record, or add the name to the host's /etc/hosts.",
    ),
    Kind(
        "EndpointSilent",
        "The cluster is to be created, and nothing answers at `endpoint` yet, which is not a control plane.",
        "Start the load balancer, with the control planes as its backends, before the first apply.",
        level="warning",
    ),
    Kind(
        "EndpointUnreachable",
        "The cluster exists, and a host that is to join it cannot connect to `endpoint`.",
        "Check the load balancer, and routes and firewalls between it and the host.",
    ),
    # --- packages ---
    Kind(
        "PackageVersion",
        "The package repository does not have the Kubernetes version, or the package revision, of the inventory.",
        "Choose one of those that are listed: `kubernetes`, `packages.revision`; or fill `mirrors.packages`.",
        waivable=False,
    ),
    Kind(
        "PackageSource",
        "A file of apt names the repository of Kubernetes already, or k8sops' own file names other repositories too.",
        "Remove the entry (a repository of somebody else: put it into a file of its own), then `apt-get update`.",
        waivable=False,
    ),
    Kind(
        "AptSources",
        "apt cannot read its own sources, so nothing can be installed.",
        "Correct the file that `apt-get update` names on the host.",
        waivable=False,
    ),
    Kind(
        "HeldPackage",
        "Somebody has put a package on hold, and what is to be installed would change or remove it.",
        "`apt-mark unhold PACKAGE` if it may be changed; else choose another `runtime` or version.",
        waivable=False,
    ),
    Kind(
        "ContainerdVersion",
        "containerd, as it is installed or as apt would install it, is too old for this Kubernetes: kubelet could not "
        "run a single pod.",
        "Install a newer one first, for example `containerd.io` of Docker's repository, or use a newer release of the "
        "distribution.",
    ),
    Kind(
        "TimeSync",
        "The host's clock is not synchronised, although a time service keeps it.",
        "`timedatectl timesync-status` or `chronyc tracking` shows why; often its servers cannot be reached.",
        level="warning",
    ),
    Kind(
        "ContainerdSupport",
        "The next minor of Kubernetes will not run with this containerd.",
        "Nothing has to be done now. Upgrade containerd before Kubernetes.",
        level="warning",
    ),
    # --- what wins over the files of k8sops and of the packages ---
    Kind(
        "CNIConfig",
        "Container runtimes use the first file in /etc/cni/net.d; with this one, pods are outside the pod network.",
        "Move the file away; remove the package that it is of, if any. Then restart the container runtime.",
    ),
    Kind(
        "OtherCNIConfig",
        "A CNI configuration is on a host that is not a node yet. It wins if it sorts before the pod network's.",
        "Move it away, unless the pod network needs it.",
        level="warning",
    ),
    Kind(
        "CNIBridge",
        "The bridge of an earlier pod network is still there. Pods of the node would be unreachable, or not start.",
        "`ip link delete cni0`; it is created again with the first pod.",
    ),
    Kind(
        "NetworkLinks",
        "Network interfaces of an earlier pod network or kube-proxy are on a host that is not a node yet.",
        "`ip link delete NAME`, or reboot the host.",
    ),
    Kind(
        "SysctlOverride",
        "A file that is read after those of k8sops sets a kernel parameter to another value, and wins at boot.",
        "Remove that line, or set the parameter in the inventory (`sysctl`).",
    ),
    Kind(
        "BootHostname",
        "The hostname was changed for now only. After the next boot kubelet would look for a node of the other name.",
        "`hostnamectl hostname NAME`. Where cloud-init sets it: `preserve_hostname: true`.",
    ),
    Kind(
        "ModuleBlocked",
        "A kernel module that Kubernetes needs is blacklisted, and would be missing after the next boot.",
        "Remove that line.",
    ),
    Kind(
        "ProgramOverride",
        "A program in /usr/local is found before that of the package, and may be of another version.",
        "Remove it or rename it.",
    ),
    Kind(
        "OwnProgram",
        "A tool in /usr/local is found before that of the package.",
        "Remove it, unless it is there on purpose.",
        level="warning",
    ),
    Kind(
        "KubeletUnit",
        "A unit or a drop-in of systemd overrides how the package starts kubelet.",
        "Remove the file, then `systemctl daemon-reload`. Settings of kubelet belong into the inventory.",
    ),
    Kind(
        "KubeletExtraArgs",
        "KUBELET_EXTRA_ARGS, set on the host in /etc/default/kubelet or a drop-in, wins over the inventory.",
        "Remove the line, and use `kubelet` or `kubelet_extra_args` in the inventory.",
        level="warning",
    ),
    # --- container runtimes ---
    Kind(
        "ContainerdConfig",
        "containerd's configuration cannot be read, or contains settings that exclude those that k8sops needs.",
        "Correct the file and the line that are named. k8sops never overwrites a file that it cannot read.",
        waivable=False,
    ),
    Kind(
        "ContainerdOverride",
        "A file that `config.toml` imports has other values for settings that k8sops needs, and takes precedence.",
        "Set the same values there, or move the file away. containerd 1 takes all settings of a plugin from one file.",
    ),
    Kind(
        "ContainerdImport",
        "`config.toml` imports files from a directory that k8sops does not read.",
        "Make sure that they do not set cgroups, registries or the sandbox image. `/etc/containerd/conf.d` is read.",
        level="warning",
    ),
    Kind(
        "DockerConfig",
        "`/etc/docker/daemon.json` cannot be read, or contains a setting that kubelet cannot work with.",
        "Correct the file. k8sops never overwrites a file that it cannot read.",
        waivable=False,
    ),
    Kind(
        "DockerLogDriver",
        "Docker uses another log driver than json-file, so `kubectl logs` shows nothing.",
        "Remove `log-driver` from `/etc/docker/daemon.json`. If you skip the check, the setting is kept.",
    ),
    Kind(
        "DockerStorage",
        "Docker uses another storage driver than overlay2. It is kept, as its images and containers belong to it.",
        "Nothing needs to be done.",
        level="warning",
    ),
    Kind(
        "UnitOverride",
        "A systemd unit file or drop-in keeps a container runtime from reading its configuration, or from starting.",
        "Move the file away, or remove the options that are named, then `systemctl daemon-reload`.",
    ),
    Kind(
        "UnitDropIn",
        "A systemd unit file or drop-in on the host changes how a container runtime is started.",
        "Check that it is meant to be there: it takes precedence over the packages' own files.",
        level="warning",
    ),
    # --- clusters that exist ---
    Kind(
        "ForeignCluster",
        "The host is part of a cluster that k8sops did not create, or has leftovers of one. Nothing is written to it.",
        "Take the host out of the inventory. If nothing of that cluster is needed: `kubeadm reset` on the host.",
        waivable=False,
    ),
    Kind(
        "Role",
        "A worker of the cluster is listed as a control plane, or a control plane as a worker.",
        "`k8sops reset HOST`, which drains the node, then `k8sops apply`; or move the host back to its group.",
        waivable=False,
    ),
    Kind(
        "NodeName",
        "The host is a node of another name: it was renamed in the inventory, or two hosts were swapped.",
        "Put the name back. To rename a node, reset the host under its old name first.",
        waivable=False,
    ),
    Kind(
        "KubernetesVersion",
        "The cluster runs another version of Kubernetes than the inventory says.",
        "Put the version of the cluster back: k8sops cannot upgrade a living cluster yet.",
        waivable=False,
    ),
    Kind(
        "Endpoint",
        "The nodes use another endpoint of the API than the inventory says.",
        "Put the old `endpoint` back, or take it out again if there was none.",
        waivable=False,
    ),
    Kind(
        "Immutable",
        "A setting was edited that a cluster keeps for its whole life: `cluster`, `network.pods`, `network.services`,"
        " `network.dns_domain`, stacked or external etcd.",
        "Put the old value back. Another value takes a new cluster.",
        waivable=False,
    ),
    Kind(
        "NetworkPlugin",
        "The pods have another network than the inventory says. Both would run beside each other.",
        "Put `network.cni` back: k8sops cannot migrate between pod networks yet.",
        waivable=False,
    ),
    Kind(
        "VersionSkew",
        "kubelet on the host is newer than the Kubernetes version of the inventory. Downgrades are not supported.",
        "Correct `kubernetes`.",
    ),
    Kind(
        "Runtime",
        "The node runs with another container runtime than the inventory says.",
        "`k8sops reset HOST`, then `k8sops apply`.",
    ),
    Kind(
        "NodePressure",
        "kubelet reports that the node is short of disk space, memory or process ids: it evicts pods.",
        "Free what is short: `df -h`, `crictl rmi --prune`, `free -m`; move pods to other nodes.",
        level="warning",
    ),
    Kind(
        "NodeCondition",
        "The node reports a condition that stands for a fault, such as NetworkUnavailable.",
        "`kubectl describe node NAME` shows who reports it, and why.",
        level="warning",
    ),
    Kind(
        "NodeCordoned",
        "The node is cordoned: no new pods are scheduled there.",
        "`kubectl uncordon NAME`, if nobody works on it.",
        level="warning",
    ),
    Kind(
        "ControlPlane",
        "A component of the control plane does not run, crashes, or has no leader.",
        "`crictl ps -a` and `journalctl -u kubelet` on that host show why.",
        level="warning",
    ),
    Kind(
        "SystemPods",
        "A pod of kube-system is not ready, or keeps crashing.",
        "`kubectl -n NAMESPACE describe pod NAME`, `kubectl -n NAMESPACE logs --previous NAME`.",
        level="warning",
    ),
    Kind(
        "KubeletServingCertificate",
        "kubelet's serving certificate waits for approval (`serverTLSBootstrap`): nobody approves these by default.",
        "`kubectl certificate approve NAME`, or run a controller that approves them.",
        level="warning",
    ),
    Kind(
        "AddonMissing",
        "kube-proxy or CoreDNS was removed from the cluster. That is right only where something else replaces it.",
        "`kubeadm init phase addon all --config /etc/kubernetes/k8sops/init.yaml` brings both back.",
        level="warning",
    ),
    Kind("CoreDNS", "CoreDNS has 0 replicas: no name resolves in pods.", "`k8sops apply` scales it.", level="warning"),
    Kind(
        "KubeadmConfigMissing",
        "The ConfigMap kube-system/kubeadm-config is missing. Joins and upgrades read it.",
        "On the first control plane: "
        "`kubeadm init phase upload-config kubeadm --config /etc/kubernetes/k8sops/init.yaml`.",
    ),
    Kind("MountedVolume", "A volume of a pod is still mounted.", "Delete the pods that use it, or drain the node."),
    Kind(
        "Kubeconfig",
        "`~/.kube/config` of root or of the SSH user on a control plane has other clusters, was edited, or is a link.",
        "Nothing needs to be done: it is kept. For k8sops to maintain it, move it away; "
        "`KUBECONFIG=/etc/kubernetes/admin.conf` works as well.",
        level="warning",
    ),
    Kind(
        "OperatorKubeconfig",
        "Your own kubeconfig has an entry of the context's name that k8sops did not make, cannot be written, or cannot "
        "be read. The run goes on, leaves that file as it is, and says so again at its end; the exit code stays 0.",
        "Set `kubeconfig.context` to another name, or rename the entry: `kubectl config rename-context`.",
        level="warning",
    ),
    # --- etcd ---
    Kind("ExternalEtcd", "etcd is external, so k8sops cannot restore it.", "Restore it with its own tools."),
    Kind("BackupName", "This is not a valid name of a backup.", "`k8sops etcd list` shows the names."),
    Kind("NoBackup", "The backup was not found.", "`k8sops etcd list` shows what there is; `--from` names a place."),
    Kind("OtherVersion", "The backup was taken from another version of etcd.", "Restore it with that version."),
    Kind("Unverified", "The backup never passed a drill.", "`k8sops etcd verify NAME`."),
    Kind("NoOldData", "No control plane has old data of this restore.", "`k8sops etcd status` names the restores."),
    Kind("Silent", "A control plane does not answer.", "Start it, or leave it out with `--without HOST`."),
    Kind("Answers", "A control plane that was to be left out answers.", "Do not leave it out."),
    Kind("OtherRestore", "Another restore was begun and not finished.", "Finish that one first."),
    Kind("NoMember", "No control plane with an etcd member answers.", "`--new-hosts` restores on new hosts."),
    Kind("OtherCluster", "The backup is of another cluster.", "Choose a backup of this cluster."),
    Kind(
        "HasCluster",
        "A control plane that is to be made from the backup has a cluster already.",
        "Reset it first, or restore without `--new-hosts`.",
    ),
    Kind("NoSpace", "There is not enough disk space for the restored data.", "Free some space."),
    Kind("BadCalendar", "systemd does not understand the schedule.", "`systemd-analyze calendar EXPRESSION`."),
    # --- edits that cannot be rolled out to a living cluster yet ---
    Kind(
        "ControlPlaneSettings",
        "Flags or volumes of the control plane's programs are not as the inventory says: `extra_args`, `extra_volumes`,"
        " `etcd.external`. It was edited, or kubeadm-config or a manifest was edited by hand.",
        "Put the setting back, or bring the cluster to it by hand, with `kubeadm init phase control-plane` and"
        " `kubeadm init phase upload-config`.",
        "pending",
    ),
    Kind(
        "FeatureGates",
        "`feature_gates` was edited; programs of the cluster run with other gates.",
        "Put the setting back, or set the gates by hand.",
        "pending",
    ),
    Kind(
        "CertificateNames",
        "`api_server.sans` was edited; the certificates of the API servers are for other names.",
        "Put the setting back, or renew the certificates by hand with `kubeadm init phase certs apiserver`.",
        "pending",
    ),
    Kind(
        "KubeletSettings",
        "`kubelet`, `kubelet_extra_args` or `allow_cgroup_v1` was edited, or the configuration of a kubelet was edited"
        " by hand.",
        "Put the setting back; or edit the ConfigMap kubelet-config by hand, then `kubeadm upgrade node phase"
        " kubelet-config` and a restart of kubelet, node by node. Flags are in /var/lib/kubelet/kubeadm-flags.env.",
        "pending",
    ),
    Kind(
        "KubeProxySettings",
        "`kube_proxy` was edited, or the ConfigMap kube-proxy was edited by hand.",
        "Put the setting back; or edit the ConfigMap by hand, then `kubectl -n kube-system rollout restart"
        " daemonset/kube-proxy`.",
        "pending",
    ),
    Kind(
        "NodeAddress",
        "`address` was edited; the cluster knows the node by another address.",
        "Put the address back; or `k8sops reset HOST`, then `k8sops apply`.",
        "pending",
    ),
    Kind(
        "BackupSchedule",
        "Settings in `backup` were edited, or a control plane came or went, and the schedule on the control planes does"
        " not know it yet. `apply` does not change schedules.",
        "`k8sops etcd schedule`.",
        "pending",
    ),
    Kind(
        "PodNetwork",
        "`network.cni` was set to `none`, and flannel still is the network of the pods.",
        "Put `cni: flannel` back: k8sops does not remove a network on which pods run.",
        "pending",
    ),
    Kind(
        "Taints",
        "The inventory says `taints: []` of a control plane, which still has the taint that kubeadm gave to it.",
        "Remove it by hand, with the command that is shown.",
        "pending",
    ),
    Kind(
        "NodeNotInInventory",
        "A node of the cluster is not in the inventory: it was taken out, or others added it.",
        "Put the host back into the inventory and `k8sops reset` it; or `kubectl drain` and `kubectl delete node`.",
        "pending",
    ),
    # --- secrets ---
    Kind(
        "SuperAdmin",
        "/etc/kubernetes/super-admin.conf is on a control plane. kubeadm made it for the first start; its certificate"
        " is in the group system:masters, which no RBAC rule limits, and cannot be revoked.",
        "`k8sops apply -e super_admin=remove --allow delete` removes the file; keep a copy in a safe place if you want"
        " one. `kubeadm init phase kubeconfig super-admin` makes a new one whenever it is needed.",
        "warning",
    ),
)


def page() -> str:
    """docs/findings.md."""
    rows = "\n".join(
        f"| `{kind.name}` | {kind.level} | {kind.means} | {kind.fix} | {'yes' if kind.waivable else 'no'} |"
        for kind in sorted(KINDS, key=lambda kind: kind.name.lower())
    )
    return f"""# Findings

Before k8sops changes anything, it checks every host and reports all problems at once, as `[ERROR Name]` or
`[WARNING Name]`.

- **error**: nothing is applied. Fix the problem, or skip the check by name: `--ignore-preflight-errors=Name,…`, or
  `preflight: {{ignore: [Name]}}` in the inventory. Findings with "no" in the last column cannot be skipped.
- **warning**: shown only; the run continues.
- **pending**: the inventory was edited, and k8sops cannot change this on a living cluster yet. `k8sops check` exits 2.

| name | level | what it means | how to fix it | can be skipped |
|---|---|---|---|---|
{rows}

This page is printed by `python -m k8sops.engine.findings`.
"""


if __name__ == "__main__":
    print(page(), end="")
