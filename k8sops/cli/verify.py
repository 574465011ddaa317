"""verify: the pytest-testinfra suite against the inventory's hosts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_spec, print_json
from k8sops.errors import HostError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from k8sops.engine.host import Host
    from k8sops.inventory.spec import ClusterSpec
    from k8sops.verify import Result


def verify(
    options: o.HostOptions,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the results as JUnit XML.")] = None,
    timeout: Annotated[int, typer.Option(metavar="SECONDS", help="Retry failing tests for up to SECONDS.")] = 120,
) -> int:
    """Test hosts and cluster: pods, Services, names.

    Pods reach each other across nodes, Services and DNS names answer, logs and exec work.
    """
    results = examine(load_spec(options.inventory), timeout, options, junit)
    if options.output is o.Output.json:
        print_json({"apiVersion": "k8sops/v1", "kind": "Verification", "tests": [vars(one) for one in results]})
    else:
        show(results, options.color)
    return verdict(results)


def examine(spec: ClusterSpec, timeout: float, options: o.HostOptions, junit: Path | None = None) -> list[Result]:
    """The results of the suite on this cluster; the latest is shown while it runs."""
    from k8sops.verify import run_suite

    screen, password = console(options.color, stderr=True), options.ask_become_pass
    names = [host.name for host in spec.hosts]
    with connections(spec, ask_password=password, dial=names) as connect, screen.status("") as status:
        refuse_silence(connect, spec)

        def tell(result: Result) -> None:
            status.update(f"{result.name}: {'ok' if result.passed else 'FAILED'}")

        return run_suite(spec, connect, tell, timeout, junit)


def refuse_silence(connect: Callable[[str], Host], spec: ClusterSpec) -> None:
    """UnreachableError where no host answers: every test would wait for a login of its own, and say nothing else."""
    from k8sops.engine.session import Session
    from k8sops.engine.shell import envelope, new_mark

    names, script = [host.name for host in spec.hosts], envelope(new_mark(), ["true"])
    answers = Session(connect, lambda event: None).each(names, lambda name: connect(name).run(script))
    silent = [str(answer) for answer in answers.values() if isinstance(answer, HostError)]
    if len(silent) == len(names):
        what = f"no test was run: none of {len(names)} hosts could be reached"
        raise UnreachableError(spec.cluster, what, remedy="\n  ".join(silent))


def show(results: list[Result], color: o.Color) -> None:
    """A line per test, and how many passed."""
    from k8sops.verify import print_results

    screen, passed = console(color), sum(result.passed for result in results)
    if not results:
        screen.print("No tests were run")
        return
    print_results(screen, results)
    seconds = sum(result.seconds for result in results)
    screen.print(f"\n{passed} passed, {len(results) - passed} failed ({seconds:.0f} s)", highlight=False)


def verdict(results: list[Result]) -> int:
    """The exit code: 0 where all hold."""
    return 0 if results and all(one.passed for one in results) else 3
