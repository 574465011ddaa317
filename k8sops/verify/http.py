"""What pods answer, asked over HTTP by the host that they run on, as kubelet's own probes do.

That needs neither `kubectl exec` nor the API server, so that what is found is about the pod network and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote as in_url

from k8sops.engine.shell import quote
from k8sops.verify.backend import over_testinfra

PORT = 8080
SECONDS = 15
CONNECTED = "connected"
GET = r"""exec 3<>"/dev/tcp/$1/$2" && echo connected &&
printf 'GET %s HTTP/1.0\r\nHost: verify\r\n\r\n' "$3" >&3 && cat <&3"""
UNRESOLVED = "HTTP 400: host and/or port param are invalid. "
"""What netexec says before the reason for which a name does not resolve."""


@dataclass(frozen=True)
class Pod:
    """A pod of the test, which runs agnhost's netexec."""

    namespace: str
    name: str
    node: str
    address: str


@dataclass(frozen=True)
class Answer:
    """The body of a reply; or why there was none."""

    body: str = ""
    failure: str = ""


class Asker:
    """Asks pods; their hosts are reached by `connect`. A node that is not in the inventory is asked by `plane`."""

    def __init__(self, connect: Callable[[str], Any], plane: Any, hosts: frozenset[str]) -> None:
        self.connect, self.plane, self.hosts = connect, plane, hosts

    def get(self, pod: Pod, path: str) -> Answer:
        """What a pod answers to its own host."""
        if pod.node not in self.hosts:
            url = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}:{PORT}/proxy{path}"
            ran = self.plane.run(f"kubectl get --raw {quote(url)} --request-timeout={SECONDS}s")
            return Answer(ran.stdout.strip()) if ran.rc == 0 else Answer(failure=_last(ran.stderr))
        command = f"timeout {SECONDS} bash -c {quote(GET)} - {quote(pod.address)} {PORT} {quote(path)}"
        ran = over_testinfra(self.connect(pod.node)).run(command)
        if not ran.stdout.startswith(CONNECTED):
            why = _last(ran.stderr).rpartition(": ")[2] or "no answer"
            return Answer(failure=f"cannot connect to the pod at {pod.address}: {why}")
        if ran.rc:
            return Answer(failure=f"no reply within {SECONDS} s")
        return parse(ran.stdout.removeprefix(f"{CONNECTED}\n"))

    def dial(self, pod: Pod, host: str, port: int, request: str = "hostname") -> Answer:
        """What `host` answers to a pod, over HTTP."""
        found = self.get(pod, f"/dial?host={in_url(host)}&port={port}&protocol=http&tries=1&request={in_url(request)}")
        return Answer(failure=found.failure.removeprefix(UNRESOLVED)) if found.failure else dialled(found.body)


def parse(reply: str) -> Answer:
    """A reply of HTTP/1.0, taken apart."""
    head, _, body = reply.replace("\r\n", "\n").partition("\n\n")
    status = head.partition("\n")[0].split(" ")
    if not status[0].startswith("HTTP/") or len(status) < 2:
        return Answer(failure=f"not an HTTP server: {reply[:60]!r}")
    if status[1] != "200":
        return Answer(failure=f"HTTP {status[1]}: {body.strip()[:200]}")
    return Answer(body.strip())


def dialled(body: str) -> Answer:
    """What netexec tells of a request that it made itself: `{"responses": [...]}` or `{"errors": [...]}`."""
    try:
        told = json.loads(body)
        if told.get("responses"):
            return Answer(str(told["responses"][0]).strip())
        return Answer(failure=str((told.get("errors") or ["an empty reply"])[0]).strip())
    except (ValueError, AttributeError, LookupError):
        return Answer(failure=f"not a pod of this test: {body[:60]!r}")


def _last(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1][:160]
