"""How long the API takes to answer while etcd is backed up, beside the same API left in peace.

    python -m bench.api [MIB] [SECONDS]

On a lab cluster of one control plane, whose etcd holds so many MiB. One client reads and writes a ConfigMap in turns,
a hundred times a second at most; both go through etcd.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from bench.measure import BIN

LAB = "bench-api"
PATH = "/api/v1/namespaces/default/configmaps"


class Api:
    """One connection to the API server of a kubeconfig's first cluster."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        data = yaml.safe_load(kubeconfig.read_text())
        cluster, user = data["clusters"][0]["cluster"], data["users"][0]["user"]
        for name, text in (("crt", user["client-certificate-data"]), ("key", user["client-key-data"])):
            (folder / name).write_bytes(base64.b64decode(text))
        context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        context.load_cert_chain(folder / "crt", folder / "key")
        self._connection = http.client.HTTPSConnection(cluster["server"].removeprefix("https://"), context=context)

    def ask(self, method: str, path: str, data: Any = None, kind: str = "application/json") -> int:
        body = None if data is None else json.dumps(data)
        self._connection.request(method, path, body, {"Content-Type": kind})
        answer = self._connection.getresponse()
        answer.read()
        return answer.status


def config_map(name: str, text: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"text": text}}


def sample(api: Api, goes_on: Callable[[], bool]) -> dict[str, list[float]]:
    """Seconds that each read and each write took."""
    found: dict[str, list[float]] = {"read": [], "write": []}
    while goes_on():
        for name, method, data in (("read", "GET", None), ("write", "PATCH", {"data": {"at": str(time.time())}})):
            since = time.perf_counter()
            status = api.ask(method, f"{PATH}/probe", data, "application/merge-patch+json")
            found[name].append(time.perf_counter() - since)
            assert status == 200, status
        time.sleep(0.02)
    return found


def milliseconds(values: list[float]) -> str:
    ordered = sorted(values)
    median, p99 = (1000 * ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
    return f"median {median:.1f} ms, p99 {p99:.1f} ms, most {1000 * ordered[-1]:.1f} ms ({len(ordered)})"


def main(mib: int = 200, seconds: int = 40) -> None:
    with tempfile.TemporaryDirectory(prefix="k8sops-bench.") as name:
        folder = Path(name)
        env = {**os.environ, "K8SOPS_INVENTORY": str(folder / "i.yaml"), "KUBECONFIG": str(folder / "kubeconfig")}

        def k8sops(*words: str) -> None:
            subprocess.run([str(BIN / "k8sops"), *words], env=env, check=True, stdout=subprocess.DEVNULL)

        k8sops("lab", "up", LAB, "--inventory", str(folder / "i.yaml"), "--workers", "0")
        try:
            k8sops("apply", "--yes", "--allow", "restart")
            api = Api(folder / "kubeconfig", folder)
            for at in range(mib):
                text = base64.b64encode(os.urandom(700_000)).decode()
                assert api.ask("POST", PATH, config_map(f"large-{at}", text)) == 201
            api.ask("POST", PATH, config_map("probe", ""))
            time.sleep(20)
            end = time.monotonic() + seconds
            quiet = sample(api, lambda: time.monotonic() < end)
            three = f"for at in 1 2 3; do {BIN}/k8sops etcd backup || exit 1; done"
            backup = subprocess.Popen(["bash", "-c", three], env=env, stdout=subprocess.DEVNULL)
            busy = sample(api, lambda: backup.poll() is None)
            assert backup.returncode == 0
        finally:
            k8sops("lab", "down", LAB)
    for what in ("read", "write"):
        print(f"{what}, in peace: {milliseconds(quiet[what])}; during 3 backups: {milliseconds(busy[what])}")


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))
