"""Comfort for people who log in to a host."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.files import file

PROFILE = """\
# Written by k8sops: `k` is kubectl, and both complete.
# Every login shell reads this, dash and a bash that is called sh too: POSIX syntax only.
case $- in
*i*)
  if [ -n "${BASH_VERSION-}" ] && ! shopt -oq posix && command -v kubectl >/dev/null 2>&1; then
    eval "$(kubectl completion bash 2>/dev/null)"
    alias k=kubectl
    complete -o default -F __start_kubectl k
  fi
  ;;
esac
"""


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield file("/etc/profile.d/k8sops.sh", PROFILE)


TASK = Task(name="shell-comfort", title="kubectl completion and the alias k", resources=_resources)
