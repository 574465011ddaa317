"""Backup and drill of a large etcd, against the same by hand in the same run.

    python -m bench.etcd TOOLS [MIB] [TIMES]

TOOLS is a folder with etcd, etcdctl and etcdutl. By hand, a backup is `etcdctl snapshot save`, one `sha256sum` of the
file and a tar of a PKI; a drill is `etcdutl snapshot restore`, the start of etcd over it and one `hashkv`. What k8sops
does is what control planes run (k8sops/etcd/*.sh), over the same etcd, on the same disk, with a cold page cache where
that can be had. Rounds alternate, so that a busy machine is busy for both.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from k8sops.engine import shell
from k8sops.roles.etcd import library

NAME = "bench-20260101T000000Z-cp1"
CLIENT, PEER, SCRATCH = 23790, 23800, 23900
BY_HAND = {
    "backup": """"$TOOLS/etcdctl" snapshot save hand.db >/dev/null 2>&1
sha256sum hand.db >hand.sum
tar -cf hand.tar pki""",
    "drill": f""""$TOOLS/etcdutl" snapshot restore hand.db --data-dir restored >/dev/null 2>&1
"$TOOLS/etcd" --data-dir restored --log-level error --listen-client-urls http://127.0.0.1:{SCRATCH} \\
  --advertise-client-urls http://127.0.0.1:{SCRATCH} --listen-peer-urls http://127.0.0.1:{SCRATCH + 1} &
until ETCDCTL_ENDPOINTS=http://127.0.0.1:{SCRATCH} "$TOOLS/etcdctl" endpoint health >/dev/null 2>&1; do sleep 0.1; done
ETCDCTL_ENDPOINTS=http://127.0.0.1:{SCRATCH} "$TOOLS/etcdctl" endpoint hashkv >/dev/null --command-timeout=60s
kill -9 $!
rm -rf restored""",
}
OURS = {"backup": f"alone && take {NAME} || fail", "drill": f"alone && drill {NAME} || fail"}


@contextmanager
def large_etcd(tools: Path, folder: Path, mib: int) -> Iterator[None]:
    """An etcd on loopback with so much in it."""
    url = f"http://127.0.0.1:{CLIENT}"
    argv = [str(tools / "etcd"), "--data-dir", str(folder / "data"), "--log-level", "error", "--unsafe-no-fsync",
            "--quota-backend-bytes", str(8 << 30), "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", f"http://127.0.0.1:{PEER}", "--snapshot-count", "1000"]  # fmt: skip
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            env = {**os.environ, "ETCDCTL_ENDPOINTS": url}
            time.sleep(2)
            for at in range(mib):
                put = [str(tools / "etcdctl"), "put", f"/registry/configmaps/bench/{at:06d}"]
                subprocess.run(put, input=os.urandom(1 << 20), env=env, check=True, stdout=subprocess.DEVNULL)
            yield
        finally:
            running.kill()


def script(tools: Path, folder: Path, body: str) -> str:
    url = f"http://127.0.0.1:{CLIENT}"
    words = f"MARK=x\n{shell.LIBRARY}\nCLUSTER=bench MY_NODE=cp1 FOLDER={folder}/ours ETCD_BIN={tools} ETCD_PKI=\n"
    words += f"ENDPOINTS= ETCDCTL_ENDPOINTS={url} BACKUP_LOCK={folder}/lock KUBECONFIG=\n"
    return words + library("tools", "backup", "drill", "copies", "keep") + "\n" + body


def seconds(argv: list[str], folder: Path, env: dict[str, str]) -> float:
    subprocess.run(["sync"], check=True)
    since = time.monotonic()
    subprocess.run(argv, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - since


def main(tools: Path, mib: int = 2048, times: int = 5) -> list[dict[str, object]]:
    """Rows with the seconds (min, median, max) by hand and by k8sops, and the median of their ratios."""
    rows: list[dict[str, object]] = []
    with TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        pki = folder / "pki"
        pki.mkdir()
        for at in range(30):
            (pki / f"{at}.crt").write_bytes(os.urandom(1500))
        env = {**os.environ, "TOOLS": str(tools), "ETCDCTL_ENDPOINTS": f"http://127.0.0.1:{CLIENT}"}
        with large_etcd(tools, folder, mib):
            for what in ("backup", "drill"):
                hand, ours = [], []
                for _ in range(times):
                    if what == "backup":
                        shutil.rmtree(folder / "ours", ignore_errors=True)
                    hand.append(seconds(["bash", "-e", "-c", BY_HAND[what]], folder, env))
                    ours.append(seconds(["bash", "-c", script(tools, folder, OURS[what])], folder, env))
                ratio = statistics.median(b / a for a, b in zip(hand, ours, strict=True))
                rows.append(
                    {
                        "name": f"etcd {what}, {mib} MiB",
                        "hand": spread(hand),
                        "k8sops": spread(ours),
                        "ratio": round(ratio, 2),
                    }
                )
    for row in rows:
        print(row)
    return rows


def spread(values: list[float]) -> list[float]:
    return [round(one, 2) for one in (min(values), statistics.median(values), max(values))]


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), *(int(one) for one in sys.argv[2:]))
