"""What the scripts on control planes know of their cluster; a host shows it again as what is scheduled there."""

from __future__ import annotations

from k8sops import __version__
from k8sops.engine.shell import quote
from k8sops.inventory.spec import ClusterSpec, HostEntry, in_url

S3_CONFIG = "/etc/k8sops/s3.curl"


def words_of(spec: ClusterSpec, host: HostEntry) -> str:
    """Variables of this cluster and host for the scripts of backup.sh, as shell assignments; no secrets."""
    backup = spec.settings.backup
    members = [f"https://{in_url(one.address)}:2379" for one in spec.control_planes]
    words: dict[str, str | int] = {
        "CLUSTER": spec.cluster,
        "MY_NODE": host.name,
        "TOOL": __version__,
        "FOLDER": backup.folder,
        "ENDPOINTS": " ".join(members),
        "KEEP": f"{backup.keep.last} {backup.keep.daily} {backup.keep.weekly} {backup.keep.monthly}",
        "COPIES": " ".join(backup.to),
        "S3_ENDPOINT": backup.s3.endpoint or "",
        "S3_REGION": backup.s3.region,
        "S3_CONFIG": S3_CONFIG,
        "ENCRYPT_TO": backup.encrypt_to or "",
        "METRICS": backup.metrics or "",
        "RANDOM_DELAY": backup.random_delay,
        "TAKEOVER": backup.takeover,
    }
    return "\n".join(f"{name}={quote(value)}" for name, value in words.items())
