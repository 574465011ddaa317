"""Where the API's own name points to."""

from __future__ import annotations

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import make_spec
from k8sops.roles.hosts.tasks.names import TASK

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane: {hosts: {"cp[1:3]": {address: "10.0.0.[1:3]"}}}
  workers: {hosts: {w1: {address: 10.0.0.9}}}
"""
SPEC = make_spec(read_inventory(yamlfile.load(INVENTORY, "inv.yaml")))


def pointed(serving: str, *, has: str = "", leaving: str = "") -> str:
    """Where it shall point to, where these serve and hosts point there."""
    facts = {one.name: HostFacts(api=one.name in serving.split(), endpoint=has) for one in SPEC.hosts}
    fleet = Fleet(facts, frozenset(facts), {"leaving": leaving} if leaving else {})
    wanted = next(iter(TASK.resources(SPEC, SPEC.host("w1"), fleet))).want
    return next(line.split()[0] for line in (wanted or "").splitlines() if line.endswith(" demo-api"))


def test_it_points_to_the_first_that_serves_and_stays_there_as_long_as_that_serves() -> None:
    assert pointed("") == "10.0.0.1"
    assert pointed("cp1 cp2 cp3") == "10.0.0.1"
    assert pointed("cp2 cp3", has="10.0.0.1") == "10.0.0.2"
    # The first one is back: nothing is changed for that.
    assert pointed("cp1 cp2 cp3", has="10.0.0.2") == "10.0.0.2"
    assert pointed("cp1 cp2 cp3", has="10.0.0.2", leaving="cp2") == "10.0.0.1"
