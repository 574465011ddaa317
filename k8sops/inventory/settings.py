"""What may stand in an inventory: the models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from k8sops.inventory import plugins
from k8sops.inventory.forms import (
    Address,
    AddressRange,
    AgeRecipient,
    Calendar,
    Count,
    DnsLabel,
    DnsName,
    Fingerprint,
    Flag,
    Free,
    HostKey,
    HostPort,
    Image,
    LabelKey,
    LabelValue,
    Line,
    OneNetwork,
    Path,
    Place,
    Port,
    PortName,
    Reference,
    Registry,
    Runtime,
    Sha256,
    Switch,
    SysctlKey,
    Taint,
    Url,
    User,
    Version,
    text,
)
from k8sops.inventory.plugins import PluginModel


class Model(BaseModel):
    """Unknown keys are errors, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OwnCni(Model):
    """Another pod network: its manifests, and the ports that its nodes use among each other."""

    manifests: list[Line] = Field(min_length=1)
    ports: list[PortName] = []


class NetworkModel(Model):
    """The networks of the cluster; each plugin's own settings come beside them under its name."""

    pods: OneNetwork = "10.244.0.0/16"
    services: OneNetwork = "10.96.0.0/12"
    dns_domain: DnsName = "cluster.local"
    cni: str | OwnCni = "flannel"

    def of(self, kind: type[PluginModel]) -> Any:
        """The settings of a plugin."""
        return next(value for value in vars(self).values() if isinstance(value, kind))


if TYPE_CHECKING:
    Network = NetworkModel
else:
    Network = create_model(
        "Network",
        __base__=NetworkModel,
        cni=(Literal[(*plugins.networks(), "none")] | OwnCni, "flannel"),
        **{name: (kind, kind()) for name, kind in plugins.networks().items()},
    )


class Ssh(Model):
    """SSH connection settings; defaults come from ssh_config."""

    user: User | None = None
    port: Port | None = None
    host: Address | None = None
    identity: Line | None = None
    become: Switch | None = None
    jump: Line | None = None


class Packages(Model):
    key: Fingerprint = "DE15B14486CD377B9E876E1A234654DA9A296436"
    revision: Annotated[str, text(r"^[0-9A-Za-z.+~]+$", "a package revision, e.g. 1.1")] = "1.1"


class Mirrors(Model):
    packages: Url | None = None
    images: dict[Registry, Url] = {}


class Volume(Model):
    """A host path mounted into a control plane component (kubeadm: HostPathMount)."""

    name: DnsLabel
    host_path: Path
    mount_path: Path
    read_only: Switch = False
    path_type: Literal["", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket"] = ""


class Component(Model):
    """A control plane component. A flag with a list is repeated for each value."""

    extra_args: dict[Flag, Line | list[Line]] = {}
    extra_volumes: list[Volume] = []


class ApiServer(Component):
    sans: list[Address] = []


class ExternalEtcd(Model):
    """An external etcd; `ca`, `cert` and `key` are files on the operator's machine."""

    endpoints: list[Url] = Field(min_length=1)
    ca: Line
    cert: Line
    key: Line


class Etcd(Model):
    """The members that kubeadm runs, or an external etcd."""

    extra_args: dict[Flag, Line | list[Line]] = {}
    external: ExternalEtcd | None = None


class Download(Model):
    """A file that is used only if its checksum matches."""

    url: Url
    sha256: Sha256


class Docker(Model):
    """cri_dockerd: a .deb, if no package repository has it."""

    cri_dockerd: Download | None = None


class Preflight(Model):
    ignore: list[Annotated[str, text(r"^[A-Za-z0-9]+$", "letters and digits")]] = []


class Drain(Model):
    """How nodes are drained. `force`: also evict pods that no controller recreates."""

    timeout_seconds: Annotated[int, Field(strict=True, ge=1, le=86400)] = 300
    force: Switch = False


class Verify(Model):
    image: Image | None = None


class Kubeconfig(Model):
    context: Line | None = None
    server: Url | None = None


class Keep(Model):
    """How many backups to keep on a control plane: the last ones, and the newest of each of so many days, ISO weeks and
    months that have any. The last one, and the newest that passed its drill, are always kept."""

    last: Annotated[int, Field(strict=True, ge=1, le=10000)] = 7
    daily: Count = 7
    weekly: Count = 5
    monthly: Count = 12


class S3(Model):
    """`credentials` refers to `KEY:SECRET`; backups need no permission to read, list or delete."""

    endpoint: Url | None = None
    region: Annotated[str, text(r"^[a-z0-9-]+$", "a region, e.g. us-east-1")] = "us-east-1"
    credentials: Reference | None = None


class Backup(Model):
    """Backups of etcd. Times in seconds; `schedule` and `drill` unset: nothing is scheduled."""

    folder: Path = "/var/backups/k8sops"
    schedule: Calendar | None = None
    drill: Calendar | None = None
    random_delay: Annotated[int, Field(strict=True, ge=0, le=86400)] = 1800
    takeover: Annotated[int, Field(strict=True, ge=1, le=86400)] = 900
    keep: Keep = Keep()
    to: list[Place] = []
    s3: S3 = S3()
    encrypt_to: AgeRecipient | None = None
    hook: Url | Reference | None = None
    metrics: Path | None = None
    cron: Switch = False


class HostSettings(Model):
    """What a group may say for its hosts, and a host for itself; the nearest wins."""

    ssh: Ssh = Ssh()
    labels: dict[LabelKey, LabelValue] = {}
    annotations: dict[LabelKey, Line] = {}
    taints: list[Taint] = []
    sysctl: dict[SysctlKey, Annotated[int, Field(strict=True)] | Line] = {}
    kubelet_extra_args: dict[Flag, Line | list[Line]] = {}
    runtime: Runtime | None = None


class HostModel(HostSettings):
    address: AddressRange
    host_key: HostKey | None = None


class Group(HostSettings):
    hosts: dict[str, HostModel] = Field(min_length=1)


class InventoryModel(Model):
    """The whole file."""

    cluster: DnsLabel
    kubernetes: Version
    endpoint: HostPort | None = None
    network: Network = Network()
    runtime: Runtime = "containerd"
    docker: Docker = Docker()
    firewall: Literal["open", "managed", "disabled"] = "open"
    allow_cgroup_v1: Switch = False
    ssh: Ssh = Ssh()
    packages: Packages = Packages()
    mirrors: Mirrors = Mirrors()
    api_server: ApiServer = ApiServer()
    controller_manager: Component = Component()
    scheduler: Component = Component()
    etcd: Etcd = Etcd()
    kubelet: Free = {}
    kube_proxy: Free = {}
    feature_gates: dict[Annotated[str, text(r"^[A-Za-z0-9]+$", "letters and digits")], Switch] = {}
    sysctl: dict[SysctlKey, Annotated[int, Field(strict=True)] | Line] = {}
    time_sync: Switch = True
    preflight: Preflight = Preflight()
    drain: Drain = Drain()
    verify: Verify = Verify()
    kubeconfig: Kubeconfig = Kubeconfig()
    backup: Backup = Backup()
    groups: dict[str, Group] = Field(min_length=1)
