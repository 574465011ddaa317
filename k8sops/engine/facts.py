"""What a host says of itself: one script, and the parser of what it prints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from k8sops.engine.runsecrets import RunSecrets
from k8sops.engine.shell import bare, quote
from k8sops.inventory.spec import ClusterSpec

SCRIPT = bare(Path(__file__).with_suffix(".sh").read_text(encoding="utf-8"))
T = TypeVar("T")
Parameters = Mapping[str, str]
"""What a run is told beside the inventory; no secret is in it, but a reference to one may be."""
SSH_PORTS = "sshd -T 2>/dev/null | sed -n 's/^port /ssh_port=/p'"


def script(spec: ClusterSpec) -> str:
    """The questions; where sshd listens is asked only where a firewall is to be made around it."""
    asked = [f"ENDPOINT={quote(spec.endpoint_host if spec.settings.endpoint is None else '')}", SCRIPT]
    return "\n".join([*asked, SSH_PORTS, ""] if spec.settings.firewall == "managed" else asked)


@dataclass(frozen=True)
class Probe:
    """A TCP connection that a host must be able to open; `name` is the preflight finding when it cannot.

    `served`: something must listen there already. Otherwise a refused connection will do: it has reached the host.
    """

    name: str
    host: str
    port: int
    served: bool = False


def probing(probes: Sequence[Probe], *, seconds: int = 3) -> str:
    """Shell lines that try every probe at once, on a host that is no node yet.

    Silence, no route and an unknown name have not reached the host.
    """
    tries = "\n".join(f"try {quote(probe.host)} {probe.port} {int(probe.served)} &" for probe in probes)
    return f"""
if [ ! -f /etc/kubernetes/kubelet.conf ]; then
  try() {{
    why=$(timeout {seconds} bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "$1" "$2" 2>&1) && fact probe "$1 $2 ok" && return
    case $why in
    *refused*) if [ "$3" = 0 ]; then fact probe "$1 $2 ok"; else fact probe "$1 $2 connection refused"; fi ;;
    '') fact probe "$1 $2 no answer within {seconds} s" ;;
    *) why=${{why%%$'\\n'*}}; fact probe "$1 $2 ${{why##*: }}" ;;
    esac
  }}
  {tries}
  wait
fi
"""


@dataclass(frozen=True)
class HostFacts:
    """One host as it is now. Sizes are in KiB, times in seconds since the epoch; absent is None or empty."""

    now: float = 0.0
    os: str = ""
    os_version: str = ""
    os_name: str = ""
    arch: str = ""
    kernel: str = ""
    cpus: int = 0
    memory_kib: int = 0
    cgroup: int = 2
    hostname: str = ""
    machine_id: str = ""
    macs: tuple[str, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    """(device, address/prefix) pairs."""
    routes: tuple[str, ...] = ()
    listens: frozenset[int] = frozenset()
    packages: Mapping[str, str] = field(default_factory=dict)
    candidates: Mapping[str, str] = field(default_factory=dict)
    user: str = "root"
    home: str = "/root"
    container: bool = False
    """Whether the host is itself a container, whose clock is that of its machine."""
    busy: str = ""
    """What a script is doing there that an earlier run has begun."""
    joined: bool = False
    initialised: bool = False
    api: bool = False
    starting: int | None = None
    """Where its API server does not answer: for how many seconds kubelet runs; the host, while kubelet is to start."""
    kubelet_started: float | None = None
    """When kubelet was last started; only told by a host that this run has changed something on."""
    ca: bytes = b""
    """The cluster's CA certificate in PEM, as it lies on the host."""
    admin_conf: str = ""
    tokens: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    endpoint: str = ""
    """The address that the host's files give to the API's own name."""
    cri_socket: str = ""
    """Where the kubelet of a node finds its runtime."""
    volumes: tuple[str, ...] = ()
    """What volumes of pods are mounted, and where."""
    ufw: bool = False
    nft_chains: tuple[tuple[str, str, str, str], ...] = ()
    """(family, table, chain, hook) of the base chains that filter, where the service nftables is active."""
    ssh_ports: tuple[int, ...] = ()
    probes: Mapping[tuple[str, int], str] = field(default_factory=dict)
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What tasks asked beside that (`Task.asks`), by name."""
    skew: float = 0.0
    """Seconds by which the host's clock is ahead of the machine that asked, at the least; negative: behind."""

    @classmethod
    def parse(cls, lines: Iterable[str], *, between: tuple[float, float] | None = None) -> HostFacts:
        """Facts from the script's output; a line that is no `key=value` is passed over.

        `between`: the times, here, between which the host told its own. A busy machine answers late, which says
        nothing about its clock.
        """
        one: dict[str, str] = {}
        many: dict[str, list[str]] = {}
        for line in lines:
            key, equals, value = line.partition("=")
            if equals:
                one[key] = value
                many.setdefault(key, []).append(value)
        now = float(one.get("now") or 0)
        return cls(
            now=now,
            os=one.get("os", ""),
            os_version=one.get("os_version", ""),
            os_name=one.get("os_name", ""),
            arch=one.get("arch", ""),
            kernel=one.get("kernel", ""),
            cpus=int(one.get("cpus") or 0),
            memory_kib=int(one.get("memory_kib") or 0),
            cgroup=int(one.get("cgroup") or 2),
            hostname=one.get("hostname", ""),
            machine_id=one.get("machine_id", ""),
            macs=tuple(many.get("mac", ())),
            addresses=tuple((d, a) for d, _, a in (value.partition(" ") for value in many.get("address", ()))),
            routes=tuple(many.get("route", ())),
            listens=frozenset(map(int, many.get("listens", ()))),
            packages=_below("package.", one),
            candidates=_below("candidate.", one),
            user=one.get("user", "root"),
            home=one.get("home", "/root"),
            container="container" in one,
            busy=one.get("busy", ""),
            joined="joined" in one,
            initialised="initialised" in one,
            api="api" in one,
            starting=int(one["starting"]) if one.get("starting") else None,
            kubelet_started=float(one["kubelet_started"]) if one.get("kubelet_started") else None,
            ca="".join(f"{line}\n" for line in many.get("ca", ())).encode(),
            admin_conf=one.get("admin_conf", ""),
            tokens=tuple(many.get("token", ())),
            left=tuple(many.get("left", ())),
            endpoint=one.get("endpoint", ""),
            cri_socket=one.get("cri_socket", ""),
            volumes=tuple(many.get("volume", ())),
            ufw="ufw" in one,
            nft_chains=tuple(_chain(value) for value in many.get("nft_chain", ())),
            ssh_ports=tuple(map(int, many.get("ssh_port", ()))),
            probes=dict(_probe(value) for value in many.get("probe", ())),
            more={key[5:]: tuple(values) for key, values in many.items() if key.startswith("more.")},
            skew=_outside(now, *between) if between and now else 0.0,
        )

    @property
    def containerd(self) -> str | None:
        """containerd's version, installed or else the one that apt would install; None when neither is known."""
        names = ("containerd", "containerd.io")
        found = [self.packages[name] for name in names if name in self.packages]
        return (found or [self.candidates.get("containerd", "")])[0] or None

    @property
    def ca_hash(self) -> str | None:
        """The CA's public key as `kubeadm join` pins it: sha256 of its SubjectPublicKeyInfo (RFC 7469)."""
        if not self.ca:
            return None
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        key = x509.load_pem_x509_certificate(self.ca).public_key()
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return "sha256:" + hashlib.sha256(spki).hexdigest()


def _below(prefix: str, values: Mapping[str, str]) -> dict[str, str]:
    return {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}


def _chain(value: str) -> tuple[str, str, str, str]:
    family, table, chain, hook = value.split()
    return family, table, chain, hook


def _outside(value: float, low: float, high: float) -> float:
    """How far the value lies above `high`; below `low` as a negative number; 0 between them."""
    return max(0.0, value - high) + min(0.0, value - low)


def _probe(value: str) -> tuple[tuple[str, int], str]:
    host, port, answer = value.split(" ", 2)
    return (host, int(port)), answer


@dataclass(frozen=True)
class Fleet:
    """The facts of all hosts that answered, by inventory name, and what is decided anew for each run.

    `scope`: names of the hosts that this run is about (`--limit`). `parameters`: what it was told beside the
    inventory, by the names that its tasks know. `secrets`: those of this run. `decisions`: what tasks decided at its
    beginning, by type.
    """

    facts: Mapping[str, HostFacts]
    scope: frozenset[str] = frozenset()
    parameters: Parameters = field(default_factory=dict)
    secrets: RunSecrets = field(default_factory=RunSecrets, compare=False)
    decisions: Mapping[type, Any] = field(default_factory=dict)

    def decided(self, kind: type[T]) -> T | None:
        """The value of this type that a task decided; None where no task of the playbook did."""
        return self.decisions.get(kind)

    @property
    def leaving(self) -> frozenset[str]:
        """The hosts that this run takes out of the cluster."""
        return self.words("leaving")

    def words(self, name: str) -> frozenset[str]:
        """The words of a parameter, which commas separate; none where it was not given."""
        return frozenset(word.strip() for word in self.parameters.get(name, "").split(",") if word.strip())

    def __getitem__(self, name: str) -> HostFacts:
        """Facts of a host; those of an unknown, bare machine where it did not answer."""
        return self.facts.get(name, HostFacts())

    @property
    def there(self) -> frozenset[str]:
        """The hosts that this run is about and that answered."""
        return self.scope & self.facts.keys()

    def delegate(self, control_planes: Sequence[str]) -> str:
        """The control plane that cluster work goes through: the first healthy one, else the first that answers.

        One that leaves is taken only when all do.
        """
        staying = [name for name in control_planes if name not in self.leaving] or list(control_planes)
        healthy = [name for name in staying if self[name].api]
        answering = [name for name in staying if name in self.facts]
        return (healthy or answering or staying)[0]

    def ca_hash(self, control_planes: Sequence[str]) -> str | None:
        return self[self.delegate(control_planes)].ca_hash
