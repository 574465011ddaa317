"""Scheduled runs of control planes, queried from all of them in parallel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from k8sops.engine.host import Host
from k8sops.engine.session import Session
from k8sops.engine.shell import envelope, new_mark, parse_line, quote
from k8sops.errors import HostError
from k8sops.inventory.spec import ClusterSpec

SCRIPT = r"""
mark now "$(date +%s)"
for what in backup drill; do
  [ ! -f /var/lib/k8sops/backup/$what ] || mark last $what "$(cat /var/lib/k8sops/backup/$what)"
  unit=k8sops-etcd-$what
  if [ "$(systemctl is-active $unit.timer 2>/dev/null)" = active ]; then
    next=$(systemctl show -P NextElapseUSecRealtime --timestamp=unix $unit.timer 2>/dev/null)
    case $next in @*) ;; *) next=$(date -d "$next" +@%s 2>/dev/null) ;; esac
    mark next $what "${next#@}"
    [ "$(systemctl is-active $unit.service)" != activating ] || mark running $what
  elif grep -qs "cron-$what" /etc/cron.d/k8sops-etcd; then
    mark cron $what
  fi
done
"""


def ask(connect: Callable[[str], Host], spec: ClusterSpec) -> dict[str, Any]:
    """The last and the next run of each control plane, by kind; times in ISO 8601, None if there is none.

    Healthy: every control plane answers and has what the inventory schedules, some has taken a backup, and the last
    run of each went well.
    """
    folder = quote(spec.settings.backup.folder)

    def one(name: str) -> dict[str, Any]:
        mark = new_mark()
        result = connect(name).run(envelope(mark, [SCRIPT, f"mark backups $(ls {folder}/*.json 2>/dev/null | wc -l)"]))
        if not result.ok:
            raise HostError(name, f"query failed: {result.err.strip()}")
        return _read(name, mark, result.out)

    planes = [host.name for host in spec.control_planes]
    answers = Session(connect, lambda event: None).each(planes, one)
    hosts = [answer for answer in answers.values() if not isinstance(answer, HostError)]
    silent = {name: str(answer) for name, answer in answers.items() if isinstance(answer, HostError)}
    backup = spec.settings.backup
    wanted = [what for what, when in (("backup", backup.schedule), ("drill", backup.drill)) if when]
    runs = [host[what] for host in hosts for what in ("backup", "drill")]
    return {
        "apiVersion": "k8sops/v1",
        "kind": "BackupSchedule",
        "cluster": spec.cluster,
        "hosts": hosts,
        "unreachable": silent,
        "healthy": not silent
        and all(host[what]["scheduled"] for host in hosts for what in wanted)
        and not any(run["result"] == "failed" for run in runs),
    }


def _read(name: str, mark: str, out: str) -> dict[str, Any]:
    none = {"scheduled": None, "next": None, "running": False, "result": None, "at": None, "seconds": None, "why": None}
    found: dict[str, Any] = {"host": name, "now": None, "backups": 0, "backup": dict(none), "drill": dict(none)}
    for line in out.splitlines():
        marker = parse_line(mark, line)
        if marker is None:
            continue
        match marker.word, marker.args:
            case "now", (now,):
                found["now"] = _iso(now)
            case "backups", (count,):
                found["backups"] = int(count)
            case "last", (what, result, at, seconds, *why):
                text = " ".join(why).strip()
                found[what] |= {"result": result, "at": _iso(at), "seconds": int(seconds), "why": text or None}
            case "next", (what, at, *_):
                found[what] |= {"scheduled": "timer", "next": _iso(at)}
            case "running", (what,):
                found[what]["running"] = True
            case "cron", (what,):
                found[what]["scheduled"] = "cron"
    return found


def _iso(seconds: str) -> str | None:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat() if seconds.isdecimal() else None
