"""The sentence about a plan is true, and a selection that matches nothing is an error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from test_runner import SITE, answering, names, spec
from test_runner import Fleet as Hosts

from k8sops.cli.verify import refuse_silence
from k8sops.engine.findings import Finding
from k8sops.engine.host import Result
from k8sops.engine.plan import Filters, Outcome, Plan, Seen, Step
from k8sops.engine.resource import Resource
from k8sops.engine.selection import check_filters, check_ignored
from k8sops.engine.summary import only_conditions, summary
from k8sops.engine.survey import make_plan
from k8sops.errors import InputError, UnreachableError
from k8sops.operations.data import plan_data

EVERYTHING = Filters()
SWAP = frozenset({"swap"})


def dead(script: str) -> Result:
    raise UnreachableError("w1", "connection refused")


def plan(filters: Filters = EVERYTHING, **handlers: Callable[[str], Result]) -> Plan:
    hosts = Hosts({**{name: answering(lambda index: 0) for name in names()}, **handlers})
    return make_plan(hosts.session, spec(), SITE, filters)


def gate(host: str, id: str) -> Step:
    return Step(0, host, "task", Resource(id, "drift", None))


def test_no_changes_is_said_where_all_hosts_were_looked_at() -> None:
    assert summary(plan()) == "Plan: no changes"


def test_nobody_answered_so_there_is_no_plan() -> None:
    nobody = plan(**dict.fromkeys(names(), dead))
    assert summary(nobody) == "No plan: none of 5 hosts could be reached"
    assert plan_data(nobody)["summary"] == summary(nobody)


def test_the_hosts_of_a_run_that_are_silent_are_what_counts() -> None:
    """The control plane answers, but the run is about w1 alone."""
    assert summary(plan(Filters(limit="w1"), w1=dead)) == "No plan: w1 could not be reached"


def test_a_control_plane_that_works_for_a_dead_host_has_a_plan() -> None:
    """`reset w1` of a dead w1: the node is removed by cp1."""
    step = Step(0, "cp1", "task", Resource("node-gone:w1", "drift", "true"))
    leaving = replace(plan(Filters(limit="w1"), w1=dead), steps=(step,), seen={step.key: Seen(Outcome.DRIFT)})
    assert summary(leaving) == "Plan: 1 change on 1 host; w1 could not be reached"


def test_no_changes_is_not_said_of_a_host_that_is_silent() -> None:
    expected = "Plan: no changes on the hosts that could be reached; w1 could not be reached"
    assert summary(plan(w1=dead)) == expected


def test_conditions_that_are_not_met_are_named() -> None:
    steps = gate("cp1", "gate:nodes-ready"), gate("cp1", "gate:daemonset/kube-flannel-ds")
    seen = {
        steps[0].key: Seen(Outcome.DRIFT, said=("w1 NotReady: cni plugin not initialized",)),
        steps[1].key: Seen(Outcome.DRIFT, said=("kube-flannel-ds 2/3 available, 3/3 updated, 3 in all",)),
    }
    waiting = replace(plan(), steps=steps, seen=seen)
    expected = "Nothing to change, but 2 conditions are not met: w1 NotReady, kube-flannel-ds 2/3 available"
    assert summary(waiting) == expected
    assert only_conditions(waiting)
    assert not only_conditions(plan())


def test_a_failed_check_is_no_change() -> None:
    assert summary(plan(w1=answering(lambda index: 3 if index == 0 else 0))) == "No plan: 1 check failed on w1"


def test_preflight_errors_are_in_the_sentence() -> None:
    found = replace(plan(), findings=(Finding("w1", "Reach", "no route to cp1"),))
    assert summary(found) == "Nothing to change, but preflight failed (Reach)"


def test_an_edit_that_is_found_on_many_hosts_counts_once() -> None:
    edits = [Finding(name, "KubeletSettings", "kubelet.maxPods: …") for name in names()]
    found = replace(plan(), findings=(*edits, Finding("w1", "NodeAddress", "address: …")))
    assert summary(found) == "Nothing to change, but 2 edits cannot be rolled out yet"


def test_a_task_with_nothing_to_do_is_not_called_unchanged() -> None:
    """kubeadm-init is about the first control plane, which the limit leaves out."""
    assert summary(plan(Filters(limit="w1", tags=frozenset({"kubeadm-init"})))) == (
        "Nothing to check: no resource is selected by --limit w1, --tags kubeadm-init"
    )


@pytest.mark.parametrize(
    ("pick", "hint"),
    [
        ("swap:of", "did you mean `swap:off`?"),
        ("kubelet", "did you mean"),
        ("nonsense", "resources: "),
    ],
)
def test_a_pick_that_matches_nothing_is_an_error(pick: str, hint: str) -> None:
    with pytest.raises(InputError, match=f"--pick {pick} matches no resource of this plan") as caught:
        plan(Filters(picks=frozenset({pick, "swap:*"})))
    assert hint in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_pick_is_not_judged_where_nobody_answered() -> None:
    silent = plan(Filters(picks=frozenset({"swap:of"})), **dict.fromkeys(names(), dead))
    assert summary(silent) == "No plan: none of 5 hosts could be reached"


def test_verify_does_not_call_hosts_broken_that_nobody_could_reach() -> None:
    handlers = dict.fromkeys(names(), dead)
    with pytest.raises(UnreachableError, match="demo: no test was run: none of 5 hosts could be reached"):
        refuse_silence(Hosts(handlers).hosts.__getitem__, spec())
    refuse_silence(Hosts({**handlers, "w2": lambda script: Result(0, "", "")}).hosts.__getitem__, spec())


def test_a_misspelt_finding_is_not_ignored_silently() -> None:
    with pytest.raises(
        InputError, match=r"unknown finding `PackageRepositry`\n  did you mean `PackageRepository`"
    ):
        check_ignored(["PackageRepositry"])
    check_ignored(["packagerepository", "all", "Port6443", "MyOwnCheck"])


@pytest.mark.parametrize(
    ("filters", "text"),
    [
        (Filters(limit="all,!all"), "no host matches --limit all,!all"),
        (Filters(limit="control_plane,&workers"), "no host matches --limit control_plane,&workers"),
        (Filters(tags=frozenset({"swpa"})), "no task or tag `swpa` in playbook site\n  did you mean `swap`"),
        (Filters(tags=SWAP, skip_tags=SWAP), "--tags swap --skip-tags swap leaves no task"),
        (Filters(parameters={"x": "1"}), "playbook site has no parameter `x`"),
    ],
)  # fmt: skip
def test_a_selection_that_matches_nothing_is_an_error(filters: Filters, text: str) -> None:
    with pytest.raises(InputError) as caught:
        check_filters(spec(), SITE, filters)
    assert text in str(caught.value)
