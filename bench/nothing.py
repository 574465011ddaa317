"""Nothing to do: a whole site.yaml that holds already, on a real cluster of eight hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from bench import measure, rivals
from bench.fleet import Fleet, over
from bench.measure import BIN, Command, FailedError
from bench.table import Row

QUESTIONS = str(Path(__file__).with_name("questions.sh"))


def floor(fleet: Fleet, script: str = "-") -> Command:
    """One connection and one exec a host, by Fabric: a trivial one, or a script."""
    places = [one.place for one in fleet.targets]
    return Command([str(BIN / "python"), "-m", "bench.floor", fleet.key, fleet.user, script, *places])


def k8sops(fleet: Fleet, folder: Path) -> Command:
    def no_changes(printed: str) -> None:
        if "Plan: no changes" not in printed:
            raise FailedError(f"k8sops found something to change:\n{printed[-3000:]}")

    return Command(measure.k8sops(fleet.inventory, folder, "apply", "--yes"), proves=no_changes)


def rows(
    lab: str, fleet: Fleet, folder: Path, *, runs: int, rtts: list[int], tools: list[str], say: Callable[[str], None]
) -> Iterator[Row]:
    """The cluster of this lab is up, and holds: it was made by k8sops."""
    made = k8sops(fleet, folder)
    say("the site as it is to be")
    measure.run(Command([*made.argv, "--allow", "restart"]))
    bins = {name: path for name, path in rivals.ensure_installed(say).items() if name in tools}
    rivals.ensure_python(lab, fleet)
    data = rivals.collect(lab, fleet, folder)
    names = rivals.names_of(lab, fleet, data["cluster"])
    makers = {"pyinfra": rivals.pyinfra, "ansible": rivals.ansible}
    say("what the rivals keep for themselves, as a manifest on disk")
    for name, path in bins.items():
        measure.run(replace(makers[name](path, fleet, data, names, folder), proves=lambda printed: None))
    for rtt in rtts:
        with over(fleet, rtt, folder) as far:
            commands: Mapping[str, Command] = {
                "floor": floor(far),
                "questions": floor(far, QUESTIONS),
                "k8sops": k8sops(far, folder),
                **{name: makers[name](path, far, data, names, folder) for name, path in bins.items()},
            }
            say(f"nothing to do, {len(far.targets)} hosts, RTT {rtt} ms")
            samples = measure.in_turns(commands, runs, say)
        taken = measure.seconds(samples)
        asked = {"floor": taken.pop("questions"), "k8sops": taken["k8sops"]}
        yield Row("nothing to do", len(far.targets), rtt, taken, measure.mib(samples))
        yield Row("its queries by hand", len(far.targets), rtt, asked, note="floor: the same queries, questions.sh")
