"""A real S3 server that compares signatures and rights, and a line to it that can be cut, slow or dead."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.request import Request, urlopen

WRITE_ONLY = ["s3:PutObject", "s3:AbortMultipartUpload"]


@dataclass
class Line:
    """A TCP proxy: after `cut` bytes from a client its connections die; `delay` seconds are added to each block."""

    target: tuple[str, int]
    cut: int | None = None
    delay: float = 0.0
    dead: bool = False
    seen: int = 0
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("0.0.0.0", 0)))

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.dead:
                client.close()
                continue
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(self.target) as server:
            back = threading.Thread(target=self._pass, args=(server, client, False), daemon=True)
            back.start()
            self._pass(client, server, True)
            back.join()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while block := source.recv(16384):
                self.seen += len(block) if counted else 0
                if counted and self.cut is not None and self.seen > self.cut:
                    break
                time.sleep(self.delay)
                sink.sendall(block)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Server:
    """The server's own client, the line to it, and credentials by what they may do: `all`, `write`."""

    s3: Any
    line: Line
    credentials: dict[str, str]

    def objects(self, bucket: str = "backups") -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def half_uploads(self, bucket: str = "backups") -> int:
        return len(self.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


@contextmanager
def s3_server() -> Iterator[Server]:
    """moto over HTTP, with a bucket `backups`; every request is checked against the rights of its key."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # Nothing of a server before this one is left, and as many requests are let through as are made here before the
    # first user has a key.
    for path, said in (("reset", b""), ("reset-auth", b"7")):
        asked = Request(f"http://{host}:{port}/moto-api/{path}", said, {"Content-Type": "text/plain"}, method="POST")
        urlopen(asked).close()
    how = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    iam = boto3.client("iam", aws_access_key_id="x", aws_secret_access_key="y", **how)
    found = {}
    for name, actions in (("all", ["s3:*"]), ("write", WRITE_ONLY)):
        iam.create_user(UserName=name)
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=document)
        found[name] = iam.create_access_key(UserName=name)["AccessKey"]
    key = found["all"]
    s3 = boto3.client("s3", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"], **how)
    s3.create_bucket(Bucket="backups")
    line = Line((host, port))
    threading.Thread(target=line.serve, daemon=True).start()
    yield Server(s3, line, {name: f"{one['AccessKeyId']}:{one['SecretAccessKey']}" for name, one in found.items()})
    line.listener.close()
    server.stop()
