"""The forms of text and numbers in an inventory: each with its pattern, and with words that explain the pattern."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from k8sops.inventory.releases import RELEASES, minor_of


def _one_line(value: str) -> str:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        raise ValueError("must be one line without control characters")
    return value


def _no_dots(value: str) -> str:
    if ".." in value.split("/"):
        raise ValueError("must not contain `..`")
    return value


def _version(value: str) -> str:
    if minor_of(value) not in RELEASES:
        raise ValueError(f"Kubernetes {value} is not supported; supported minors: {', '.join(RELEASES)}")
    return value


def _plain_text(value: Any) -> Any:
    """Free settings of kubelet and kube-proxy: every string in them is one line."""
    if isinstance(value, str):
        _one_line(value)
    elif isinstance(value, dict):
        for item in value.values():
            _plain_text(item)
    elif isinstance(value, list):
        for item in value:
            _plain_text(item)
    return value


EXPECTED: dict[str, str] = {}
"""What a pattern asks for, in words and with an example, by the pattern."""


def text(pattern: str, expected: str) -> Any:
    EXPECTED[pattern] = expected
    return StringConstraints(strict=True, pattern=pattern, max_length=1024)


def _host_name(value: str) -> str:
    if value.replace(".", "").isdigit() or len(value) > 63:
        raise ValueError(f"expected {HOST_NAME}")
    return value


def _one_network(value: Any) -> Any:
    if isinstance(value, list) or (isinstance(value, str) and "," in value):
        raise ValueError("dual stack is not supported yet; give one network")
    return value


LABEL = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
KEY = rf"(?:[a-z0-9](?:[-a-z0-9.]{{0,251}}[a-z0-9])?/)?{LABEL}"

Line = Annotated[str, StringConstraints(strict=True, max_length=4096), AfterValidator(_one_line)]
DnsLabel = Annotated[
    str, text(r"^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$", "lower-case letters, digits and -, e.g. demo")
]
HOST_NAME = "lower-case letters, digits, - and ., at most 63 in all, e.g. w1 or w1.example.internal"
HostName = Annotated[
    str,
    text(r"^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*$", HOST_NAME),
    AfterValidator(_host_name),
]
"""A node's name: a DNS-1123 subdomain, short enough for the label kubernetes.io/hostname. An address is not a name."""
DnsName = Annotated[str, text(r"^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$", "a DNS name, e.g. cluster.local")]
HostPort = Annotated[
    str, text(r"^[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?:[0-9]{1,5}$", "HOST:PORT, e.g. api.example.com:6443")
]
Address = Annotated[
    str, text(r"^[0-9A-Za-z](?:[-0-9A-Za-z.:]*[0-9A-Za-z])?$", "a host name or an IP address, e.g. 10.0.0.11")
]
AddressRange = Annotated[
    str,
    text(
        r"^[0-9A-Za-z\[](?:[-0-9A-Za-z.:\[\]]*[0-9A-Za-z\]])?$",
        "an IP address, e.g. 10.0.0.11, or a range of them, e.g. 10.0.1.[1:50]",
    ),
]
"""An address; with ranges where the host's name has them."""
Version = Annotated[
    str, text(r"^1\.[0-9]{1,2}\.[0-9]{1,2}$", 'an exact, quoted version, e.g. "1.36.3"'), AfterValidator(_version)
]
Url = Annotated[
    str, text(r"^https?://[-A-Za-z0-9.:\[\]]+(?:/[-A-Za-z0-9._~:/+@%]*)?$", "a URL, e.g. https://mirror.example.com")
]
Registry = Annotated[
    str, text(r"^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?(?::[0-9]{1,5})?$", "a registry, e.g. registry.k8s.io")
]
Image = Annotated[str, text(r"^[a-z0-9][-a-z0-9._/:@]*$", "an image, e.g. registry.example.com/tools/agnhost:2.53")]
LabelKey = Annotated[str, text(rf"^{KEY}$", "a label key, e.g. disk or example.com/disk")]
LabelValue = Annotated[str, text(rf"^(?:{LABEL})?$", "a label value: up to 63 letters, digits, -, _ and ., e.g. ssd")]
Taint = Annotated[
    str,
    text(
        rf"^{KEY}(?:=(?:{LABEL})?)?:(?:NoSchedule|PreferNoSchedule|NoExecute)$",
        "KEY=VALUE:EFFECT, e.g. gpu=true:NoSchedule",
    ),
]
Fingerprint = Annotated[str, text(r"^[0-9A-Fa-f]{40}$", "the 40 hex digits of a key's fingerprint")]
Path = Annotated[str, text(r"^/[-A-Za-z0-9._/+@]*$", "an absolute path, e.g. /var/backups/k8sops")]
PortName = Annotated[
    str, text(r"^[0-9]{1,5}(?:-[0-9]{1,5})?/(?:tcp|udp|sctp)$", "PORT/PROTOCOL, e.g. 179/tcp or 4789/udp")
]
Sha256 = Annotated[str, text(r"^[0-9a-f]{64}$", "the 64 hex digits of a SHA-256 checksum")]
Runtime = Literal["containerd", "docker"]
SysctlKey = Annotated[str, text(r"^[a-z0-9_]+(?:\.[-A-Za-z0-9_]+)+$", "a kernel parameter, e.g. vm.max_map_count")]
User = Annotated[str, text(r"^[a-z_][-a-z0-9_]*\$?$", "a user name, e.g. ops")]
HostKey = Annotated[
    str,
    text(
        r"^(?:ssh|ecdsa|sk)-[-@.a-z0-9]+ [A-Za-z0-9+/=]+(?: [^\n]*)?$",
        "a public host key as ssh-keyscan prints it, e.g. ssh-ed25519 AAAA…",
    ),
]
Flag = Annotated[str, text(r"^[a-z][-a-z0-9]*$", "a flag without its dashes, e.g. audit-log-maxage")]
Free = Annotated[dict[str, Any], AfterValidator(_plain_text)]
Reference = Annotated[str, text(r"^(?:file|env|cmd):[^\x00-\x1f\x7f]+$", "file:PATH, env:NAME or cmd:COMMAND")]
"""Where a secret is to be had: `file:PATH`, `env:NAME` or `cmd:COMMAND`."""
Place = Annotated[
    str,
    text(
        r"^(?:s3://[a-z0-9][-a-z0-9.]{1,61}[a-z0-9](?:/[-A-Za-z0-9._]+)*"
        r"|ssh://[a-z_][-a-z0-9_]*@[A-Za-z0-9][-A-Za-z0-9.]*(?::[0-9]{1,5})?(?:/[-A-Za-z0-9._]+)+)/?$",
        "s3://BUCKET/PREFIX or ssh://USER@HOST[:PORT]/PATH",
    ),
    AfterValidator(_no_dots),
]
"""Where copies of backups go: `s3://BUCKET/PREFIX` or `ssh://USER@HOST[:PORT]/FOLDER`."""
AgeRecipient = Annotated[str, text(r"^age1[a-z0-9]{58}$", "a recipient of age, e.g. age1… (age-keygen -y KEYFILE)")]
Calendar = Annotated[str, text(r"^[-A-Za-z0-9*:,./~ ]+$", "a systemd calendar expression, e.g. *-*-* 02:00")]
"""When a systemd timer fires: OnCalendar= (systemd.time(7)); checked by `systemd-analyze calendar` on a host."""
Count = Annotated[int, Field(strict=True, ge=0, le=10000)]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
OneNetwork = Annotated[Line, BeforeValidator(_one_network)]
Switch = Annotated[bool, Field(strict=True)]
