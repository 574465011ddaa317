"""Scheduled backups and drills on every control plane, independent of the operator's machine."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine import shell
from k8sops.engine.facts import Fleet, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.render import render
from k8sops.engine.resource import Resource
from k8sops.engine.shell import Secret, quote
from k8sops.engine.task import Task
from k8sops.errors import InputError
from k8sops.inventory.references import resolve
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources import packaging
from k8sops.resources.files import absent, file, private_file
from k8sops.resources.packages import packages
from k8sops.resources.services import no_timer, timer
from k8sops.roles.etcd import library
from k8sops.roles.etcd.backup_resources import HOOK_CONFIG
from k8sops.roles.etcd.cron import cron_of
from k8sops.roles.etcd.facts import S3_CONFIG, words_of

SCRIPT = "/usr/local/sbin/k8sops-etcd"
CRON = "/etc/cron.d/k8sops-etcd"


def jobs_of(spec: ClusterSpec) -> dict[str, str]:
    """OnCalendar expressions by the script's subcommand."""
    backup = spec.settings.backup
    return {what: when for what, when in (("backup", backup.schedule), ("drill", backup.drill)) if when}


def script_of(spec: ClusterSpec, host: HostEntry) -> str:
    """The program that is installed on control planes. It contains no secrets."""
    parts = ["#!/bin/bash", "# Kept by k8sops.", "MARK=k8sops", words_of(spec, host)]
    words = ("tools", "backup", "drill", "copies", "keep", "nightly")
    whole = "".join([shell.LIBRARY, *shell.PARTS.values()])
    return "\n".join([*parts, whole, library(*words), 'main "$@"', ""])


def _needed(spec: ClusterSpec) -> dict[str, None]:
    """Packages that backups and drills need."""
    backup = spec.settings.backup
    return dict.fromkeys(["curl", *(["age"] if backup.encrypt_to else []), *(["cron"] if backup.cron else [])])


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    jobs, cron = jobs_of(spec), spec.settings.backup.cron
    if jobs:
        yield packages("backup", _needed(spec), effects=packaging.effects(fleet[host.name], "backup"))
        yield from _secrets(spec)
        yield file(SCRIPT, script_of(spec, host), mode=0o700)
    if jobs and cron:
        try:
            when = [(what, cron_of(calendar)) for what, calendar in jobs.items()]
        except ValueError as error:
            raise InputError(str(error), remedy="or remove backup.cron: systemd timers support it") from None
        yield file(CRON, render("etcd/k8sops-etcd.cron.j2", spec=spec, script=SCRIPT, jobs=when))
    else:
        yield absent(CRON)
    for what in ("backup", "drill"):
        name = f"k8sops-etcd-{what}"
        if cron or what not in jobs:
            yield no_timer(name)
            continue
        delay = spec.settings.backup.random_delay
        unit = f"/etc/systemd/system/{name}"
        yield file(f"{unit}.service", render(f"etcd/{name}.service.j2", spec=spec, script=SCRIPT))
        text = render("etcd/k8sops-etcd.timer.j2", spec=spec, unit=name, calendar=jobs[what], delay=delay)
        yield file(f"{unit}.timer", text)
        yield timer(name)
    if not jobs:
        yield from (absent(path) for path in (SCRIPT, S3_CONFIG, HOOK_CONFIG))


def _secrets(spec: ClusterSpec) -> Iterator[Resource]:
    """Configuration files of curl, so that credentials and URLs are not in argv."""
    backup = spec.settings.backup
    for path, name, reference, form in (
        (S3_CONFIG, "s3_credentials", backup.s3.credentials, 'user = "{}"\n'),
        (HOOK_CONFIG, "backup_hook", backup.hook, 'url = "{}"\n'),
    ):
        if reference:
            plain = reference.startswith(("http://", "https://"))
            value = reference if plain else resolve(reference)
            yield private_file(path, Secret(name, form.format(value.replace("\\", "\\\\").replace('"', '\\"'))))
        else:
            yield absent(path)


def _asks(spec: ClusterSpec, host: HostEntry, told: Parameters) -> str:
    """Shell lines that simulate the installation of packages, and check the schedules with systemd."""
    jobs = jobs_of(spec)
    if not host.is_control_plane or not jobs:
        return ""
    question = packaging.plan_question("backup", _needed(spec))
    calendars = (
        f"! type -P systemd-analyze >/dev/null || systemd-analyze calendar -- {quote(when)} >/dev/null 2>&1 ||"
        f" fact more.bad_calendar {what}"
        for what, when in jobs.items()
    )
    return "\n".join([question, *(() if spec.settings.backup.cron else calendars)])


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    yield from packaging.held_findings(fleet, "backup")
    jobs = jobs_of(spec)
    for name in fleet.facts:
        for what in fleet[name].more.get("bad_calendar", ()):
            setting = "schedule" if what == "backup" else what
            said = f"backup.{setting}: `{jobs[what]}` is not a valid OnCalendar expression; see systemd.time(7)"
            yield Finding(name, "BadCalendar", said)


TASK = Task(
    name="etcd-schedule",
    title="etcd backups scheduled on control planes",
    resources=_resources,
    findings=_findings,
    asks=_asks,
)
