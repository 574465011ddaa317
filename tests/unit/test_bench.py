"""What the benchmarks measure with: the longer line, the turns, the table."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import pytest
import yaml

from bench.first import files
from bench.fleet import Fleet, over
from bench.measure import Command, FailedError, in_turns, run, seconds
from bench.proxy import Route, hold, listen, shut
from bench.table import Results, Row, text, write
from k8sops.engine.render import data_path
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import make_spec


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    await shut(writer)


async def _through(rtt: float, said: bytes) -> tuple[bytes, float, float]:
    """What comes back through the proxy; seconds until its first byte, and from there to its end."""
    echo = await asyncio.start_server(_echo, "127.0.0.1", 0)
    proxy = await listen(Route(0, "127.0.0.1", echo.sockets[0].getsockname()[1]), rtt)
    since = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.sockets[0].getsockname()[1])
    writer.write(said)
    writer.write_eof()
    first = await reader.read(1)
    middle = time.monotonic()
    rest = await reader.read()
    lasted = time.monotonic() - middle
    await shut(writer)
    for server in (echo, proxy):
        server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others)
    return first + rest, middle - since, lasted


def test_a_connection_and_an_answer_cost_two_round_trips() -> None:
    back, waited, _ = asyncio.run(_through(0.1, b"hello"))
    assert back == b"hello"
    assert waited >= 0.2


def test_bytes_are_delayed_not_throttled() -> None:
    much = bytes(range(256)) * 20_000
    back, waited, lasted = asyncio.run(_through(0.2, much))
    assert back == much
    assert waited >= 0.4
    # 80 chunks, each held back by 0.2 s: one after the other they would take 16 s.
    assert lasted < 8


def test_what_came_late_leaves_late() -> None:
    async def two() -> list[float]:
        since, arrivals = time.monotonic(), []
        reader = asyncio.StreamReader()

        class Writer:
            def write(self, chunk: bytes) -> None:
                arrivals.append(time.monotonic() - since)

            async def drain(self) -> None: ...
            def can_write_eof(self) -> bool:
                return False

        work = asyncio.create_task(hold(reader, Writer(), 0.1))  # type: ignore[arg-type]
        reader.feed_data(b"a")
        await asyncio.sleep(0.2)
        reader.feed_data(b"b")
        reader.feed_eof()
        await work
        return arrivals

    first, second = asyncio.run(two())
    assert first >= 0.1
    assert second >= 0.3


INVENTORY = {
    "ssh": {"user": "ops", "identity": "/key"},
    "groups": {"control_plane": {"hosts": {"cp1": {"address": "10.0.0.1", "ssh": {"jump": "gate"}}}}},
}


def test_an_inventory_is_led_over_the_longer_line(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(yaml.safe_dump(INVENTORY))
    near = Fleet.load(path)
    with over(near, 0, tmp_path) as same:
        assert same is near
    with over(near, 50, tmp_path) as far:
        (target,) = far.targets
        host = yaml.safe_load(far.inventory.read_text())["groups"]["control_plane"]["hosts"]["cp1"]
    assert target.place == f"127.0.0.1:{target.port}"
    assert host == {"address": "10.0.0.1", "ssh": {"jump": "gate", "host": "127.0.0.1", "port": target.port}}


def python(code: str) -> Command:
    return Command([sys.executable, "-c", code])


def test_commands_are_run_in_turns_once_before_they_are_measured(tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands = {name: python(f"open({str(log)!r}, 'a').write({name!r})") for name in "ab"}
    samples = in_turns(commands, 2, lambda line: None)
    assert log.read_text() == "ababab"
    assert {name: len(many) for name, many in seconds(samples).items()} == {"a": 2, "b": 2}


def test_memory_is_that_of_the_command() -> None:
    ours = bytearray(b"x" * 100 * 2**20)
    wait = "import time; time.sleep(0.3)"
    assert run(python(wait)).mib < 50
    assert 100 < run(python(f"x = b'x' * 100 * 2**20; {wait}")).mib < 150
    assert ours


def test_a_command_that_fails_or_did_other_work_is_no_measurement() -> None:
    with pytest.raises(FailedError, match="ended with 3"):
        run(python("raise SystemExit(3)"))

    def unchanged(printed: str) -> None:
        if "changed=0" not in printed:
            raise FailedError("it found something to change")

    with pytest.raises(FailedError, match="something to change"):
        run(Command(python("print('changed=1')").argv, proves=unchanged))


RUNS = {"floor": [1.0, 2.0, 4.0], "k8sops": [1.2, 2.4, 4.4], "ansible": [60.0, 90, 99]}
ROW = Row("nothing to do", 8, 100, RUNS, 66.4)


def test_ratios_are_taken_between_runs_side_by_side() -> None:
    assert ROW.ratio("k8sops", "floor") == pytest.approx(1.2)
    assert ROW.ratio("pyinfra", "k8sops") is None


def test_the_same_rows_go_to_people_and_to_json(tmp_path: Path) -> None:
    head, rule, line = text([ROW]).splitlines()
    assert len({len(head), len(rule), len(line)}) == 1
    assert "2.40 (1.20-4.40)" in line
    assert " 1.20 " in line
    write(tmp_path / "results.json", Results({"cpus": 2}, [ROW]))
    found = json.loads((tmp_path / "results.json").read_text())
    (row,) = found["rows"]
    assert (row["name"], row["hosts"], row["rtt_ms"], row["mib"]) == ("nothing to do", 8, 100, 66)
    assert row["k8sops"] == {"min": 1.2, "median": 2.4, "max": 4.4, "runs": [1.2, 2.4, 4.4]}
    assert row["k8sops_to_floor"] == 1.2
    assert "pyinfra" not in row


def test_the_files_of_the_manual_way_are_rendered_for_an_inventory_with_mirrors() -> None:
    text = data_path("inventory.example.yaml").read_text()
    mirrors = "mirrors:\n  images:\n    registry.k8s.io: https://harbor.example.com/v2/k8s\n"
    spec = make_spec(read_inventory(yamlfile.load(f"{text}\n{mirrors}", "inventory.yaml")))
    made = files(spec)
    assert "override_path = true" in made["etc/containerd/certs.d/registry.k8s.io/hosts.toml"]
