"""A run takes no risk that the approved plan did not show, and the plan shows restarts that a changed file brings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from test_runner import FACTS, INVENTORY, SITE, Fleet, names, spec

from k8sops.cli.apply import _refuse_risks
from k8sops.engine import facts
from k8sops.engine.approval import withhold
from k8sops.engine.facts import HostFacts
from k8sops.engine.fakes import HostState
from k8sops.engine.plan import Filters, Outcome, Plan, Seen, make_steps
from k8sops.engine.playbook import load_playbook
from k8sops.engine.resource import Resource
from k8sops.engine.runner import run
from k8sops.engine.summary import summary
from k8sops.errors import HostError, UsageError
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.operations.data import plan_data
from k8sops.operations.outcome import exit_code
from k8sops.report.terminal import print_plan

CONFIG = "file:/etc/containerd/config.toml"
NODE = HostFacts.parse([*FACTS.splitlines(), "package.containerd=1.6.20"])


def planned(
    *drifting: tuple[str, str], of: ClusterSpec | None = None, facts: HostFacts = NODE, book: Path | None = None
) -> Plan:
    """The site's plan where exactly these (host, resource id) drift."""
    here = of or spec()
    fleet = facts_of(here, facts)
    playbook = load_playbook(book) if book else SITE
    steps = make_steps(here, playbook, fleet, Filters())
    seen = {
        step.key: Seen(Outcome.DRIFT if (step.host, step.resource.id) in drifting else Outcome.HOLDS) for step in steps
    }
    return Plan(here, playbook, fleet, Filters(), steps, seen)


def facts_of(here: ClusterSpec, host: HostFacts) -> facts.Fleet:
    everyone = [one.name for one in here.hosts]
    return facts.Fleet(dict.fromkeys(everyone, host), frozenset(everyone))


def shown(plan: Plan) -> str:
    console = Console(width=200, no_color=True)
    with console.capture() as screen:
        print_plan(console, plan, diffs=True)
    return screen.get()


def test_a_file_that_a_service_reads_makes_its_restart_part_of_the_plan_on_that_host_only() -> None:
    plan = planned(("w1", CONFIG))
    assert [(step.host, step.resource.id) for step in plan.changes if step.resource.apply] == [
        ("w1", CONFIG),
        ("w1", "service:containerd"),
    ]
    # kubelet cannot work without it, so the node is looked at afterwards.
    assert plan.changes[-1].resource.id == "gate:nodes-ready"
    assert plan.risks == {"file": ["w1"], "restart": ["w1"]}
    assert "1 restart (w1)" in summary(plan)
    assert f"restarts because of {CONFIG}" in shown(plan)
    changes = {one["resource"]: one for one in plan_data(plan)["changes"]}
    assert changes["service:containerd"]["risk"] == "restart"
    assert changes["service:containerd"]["because"] == [CONFIG]
    with pytest.raises(UsageError, match="does not cover: restart"):
        _refuse_risks(plan, frozenset())
    _refuse_risks(plan, frozenset({"restart"}))


def test_every_file_that_docker_and_its_cri_read_counts() -> None:
    text = INVENTORY.replace("groups:", "runtime: docker\ngroups:")
    here = make_spec(read_inventory(yamlfile.load(text, "inv.yaml")))
    for path, service in (
        ("/etc/docker/daemon.json", "docker"),
        ("/etc/systemd/system/docker.service.d/k8sops.conf", "docker"),
        ("/etc/systemd/system/cri-docker.service.d/k8sops.conf", "cri-docker"),
    ):
        plan = planned(("w2", f"file:{path}"), of=here)
        changes = [step.resource.id for step in plan.changes if step.resource.apply]
        assert changes == [f"file:{path}", f"service:{service}"]
        assert plan.risks["restart"] == ["w2"]


@pytest.mark.parametrize(
    ("runtime", "path"), [("containerd", "/etc/containerd/config.toml"), ("docker", "/etc/docker/daemon.json")]
)
def test_a_mode_alone_restarts_no_runtime(runtime: str, path: str) -> None:
    here = make_spec(read_inventory(yamlfile.load(INVENTORY.replace("groups:", f"runtime: {runtime}\ngroups:"), "i")))
    plan = planned(("w1", f"mode:{path}"), of=here)
    assert [step.resource.id for step in plan.changes] == [f"mode:{path}"]
    assert plan.risks == {"file": ["w1"]}


def test_a_firewall_unit_is_restarted_with_its_rules() -> None:
    text = INVENTORY.replace("groups:", "firewall: managed\ngroups:")
    here = make_spec(read_inventory(yamlfile.load(text, "inv.yaml")))
    rules = next(
        step.resource.after[0] for step in planned(of=here).steps if step.resource.id == "service:k8sops-firewall"
    )
    assert planned(("w1", rules), of=here).risks["restart"] == ["w1"]


def test_on_a_host_that_is_no_node_yet_a_restart_is_no_risk_unless_somebody_uses_the_service() -> None:
    plan = planned(("w1", CONFIG), facts=HostFacts.parse(["package.containerd=1.6.20"]))
    assert plan.risks.keys() == {"file"}
    step = next(step for step in plan.steps if step.resource.id == "service:containerd")
    assert plan.risk(step) == "file"
    assert plan.risk(replace(step, resource=replace(step.resource, in_use=True))) == "restart"


def run_with(plan: Plan, drifting: set[str], said: str = FACTS) -> tuple[list[str], list[str], int]:
    """What was applied on w1, the reasons of failures, the exit code."""
    later = make_steps(plan.spec, plan.playbook, facts_of(plan.spec, HostFacts.parse(said.splitlines())), Filters())
    steps = [*plan.steps, *later]
    hosts = {name: HostState([one.resource for one in steps if one.host == name], said) for name in names()}
    hosts["w1"].states.update(dict.fromkeys(drifting, "drifts"))
    done = run(Fleet(dict(hosts)).session, plan)
    return hosts["w1"].applied, [failure.why for failure in done.failures], exit_code(done)


def test_a_restart_that_becomes_due_after_the_plan_was_approved_is_not_done() -> None:
    plan = planned(("w1", "file:/etc/profile.d/k8sops.sh"))
    applied, why, code = run_with(plan, {"service:containerd", "file:/etc/profile.d/k8sops.sh"})
    assert applied == []
    assert why == ["needs a restart on w1 that was not in the approved plan: run the command again to see the new plan"]
    assert code == HostError.exit_code


def test_a_restart_that_the_plan_showed_is_done() -> None:
    applied, why, code = run_with(planned(("w1", CONFIG)), {CONFIG, "service:containerd"})
    assert (applied, why, code) == ([CONFIG, "service:containerd"], [], 0)


def test_a_restart_that_turns_out_to_be_needless_is_no_failure() -> None:
    assert run_with(planned(("w1", CONFIG)), {CONFIG}) == ([CONFIG], [], 0)


def test_a_bare_host_becomes_a_node_in_one_run_and_its_services_are_started_on_the_way() -> None:
    bare = HostFacts.parse(["package.containerd=1.6.20"])
    plan = planned(("w1", "swap:off"), ("w1", "file:/etc/profile.d/k8sops.sh"), facts=bare)
    applied, why, _ = run_with(plan, {"swap:off", "file:/etc/profile.d/k8sops.sh", "service:containerd"})
    assert not why
    assert "service:containerd" in applied


def test_work_on_the_cluster_is_approved_whichever_control_plane_does_it(tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text("- {name: One, hosts: 'control_plane[any]', tasks: [swap]}\n")
    plan = planned(("cp1", "swap:off"), book=book)
    evict = Resource(id="swap:off", check="drift", apply="true", risk="drain", about="w3")
    step = replace(plan.steps[0], resource=evict)
    shown = replace(plan, steps=(step,), seen={step.key: Seen(Outcome.DRIFT)})
    assert [one.withheld for one in withhold(shown, [replace(step, host="w2")])] == [""]
    other = replace(step, resource=replace(evict, id="drained:w4", about="w4"))
    assert "needs a drain on w4" in withhold(shown, [other])[0].withheld


def test_what_a_placeholder_turns_into_is_approved_only_for_the_risk_that_it_showed() -> None:
    plan = planned(("w1", CONFIG))
    step = next(step for step in plan.changes if step.resource.id == CONFIG)
    more = replace(step, resource=replace(step.resource, risk="delete"))
    assert "needs a removal on w1" in withhold(plan, [more])[0].withheld
    gate = replace(step, resource=replace(step.resource, risk="delete", apply=None))
    assert not withhold(plan, [gate])[0].withheld
