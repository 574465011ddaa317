"""Backup schedules on control planes that differ from the inventory; `k8sops etcd schedule` rolls them out."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import HostFacts
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.facts import words_of
from k8sops.roles.kubeadm.facts import living
from k8sops.roles.kubeadm.living.edit import Edit

WORDS = {
    "FOLDER": "backup.folder",
    "ENDPOINTS": "groups.control_plane",
    "KEEP": "backup.keep",
    "COPIES": "backup.to",
    "S3_ENDPOINT": "backup.s3.endpoint",
    "S3_REGION": "backup.s3.region",
    "ENCRYPT_TO": "backup.encrypt_to",
    "METRICS": "backup.metrics",
    "RANDOM_DELAY": "backup.random_delay",
    "TAKEOVER": "backup.takeover",
}
"""The setting behind each variable of the scheduled script."""


def schedule(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Edit]:
    """Differences in the variables of the scheduled script and in its timers."""
    backup, said = spec.settings.backup, living.said(facts)
    wants = {name: when for name, when in (("schedule", backup.schedule), ("drill", backup.drill)) if when}
    words = {name: _plain(value) for name, _, value in (line.partition("=") for line in said.get("schedule", ()))}
    if spec.settings.etcd.external or not (wants or words):
        return

    def edit(setting: str, has: object, wanted: object, place: str) -> Edit:
        return Edit("BackupSchedule", setting, has, wanted, host.name, place)

    timers = dict(line.split(" ", 1) for line in said.get("calendar", ()))
    has = {name: timers[timer] for name, timer in (("schedule", "backup"), ("drill", "drill")) if timer in timers}
    if words and backup.cron != ("cron" in said):
        yield edit("backup.cron", "cron" in said, backup.cron, "/etc/cron.d/k8sops-etcd")
    elif not (words and backup.cron):
        for name in sorted({*has, *wants}):
            if has.get(name) != wants.get(name):
                yield edit(f"backup.{name}", has.get(name), wants.get(name), "timers of systemd")
    if words and wants:
        wanted = {
            name: _plain(value) for name, _, value in (x.partition("=") for x in words_of(spec, host).splitlines())
        }
        for name, setting in WORDS.items():
            if words.get(name) != wanted[name]:
                yield edit(setting, words.get(name) or None, wanted[name] or None, "/usr/local/sbin/k8sops-etcd")


def _plain(value: str) -> str:
    """A shell word without the quotes around it."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "'" else value
