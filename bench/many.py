"""Many hosts: that time grows in proportion to them, and what one more costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench import measure, nothing
from bench.crowd import Crowd, crowd
from bench.fleet import Fleet
from bench.measure import Command, Sample
from bench.table import Row

FORKS = 200


def apply(crowd: Crowd, count: int, *words: str) -> Command:
    """The playbook `many` on the first `count` hosts."""
    command = measure.k8sops(crowd.inventory(count), crowd.folder, "apply", "--yes", "--playbook", "many")
    return Command([*command, "--forks", str(FORKS), *words])


def rows(folder: Path, *, sizes: Sequence[int], runs: int, say: Callable[[str], None]) -> Iterator[Row]:
    """Nothing to do on 25, 50, …; then one host more than the most, which has all to do."""
    most = max(sizes)
    with crowd("bench-many", most + 1, folder / "many", say) as hosts:
        measure.run(apply(hosts, most + 1))
        for count in sizes:
            say(f"nothing to do, {count} light hosts")
            fleet = Fleet.load(hosts.inventory(count))
            commands = {"floor": nothing.floor(fleet), "k8sops": apply(hosts, count)}
            samples = measure.in_turns(commands, runs, say)
            yield Row("many hosts, nothing to do", count, 0, measure.seconds(samples), measure.mib(samples))
        yield from _one_more(hosts, most, runs, say)


def _one_more(hosts: Crowd, most: int, runs: int, say: Callable[[str], None]) -> Iterator[Row]:
    """The floor here: nothing to do on all that were there, and the new host alone."""
    new = list(hosts.hosts)[most]
    added: list[Sample] = []
    floor: list[Sample] = []
    for turn in range(runs):
        before = measure.run(apply(hosts, most))
        hosts.forget(new)
        alone = measure.run(apply(hosts, most + 1, "--limit", new))
        hosts.forget(new)
        added.append(measure.run(apply(hosts, most + 1)))
        floor.append(Sample(before.seconds + alone.seconds, 0, ""))
        parts = f"nothing to do {before.seconds:.2f} s, alone {alone.seconds:.2f} s"
        say(f"  one more {turn + 1}/{runs}: {added[-1].seconds:.2f} s; {parts}")
    samples = {"floor": floor, "k8sops": added}
    note = "floor: nothing to do on the hosts there were, plus apply on the new one alone"
    yield Row("one host more", most + 1, 0, measure.seconds(samples), measure.mib(samples), note)
