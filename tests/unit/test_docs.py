"""The README's four touches are taken at their word."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from bash import check

from k8sops import yamlfile
from k8sops.facts import Fleet
from k8sops.inventory import read_inventory
from k8sops.render import _environment, data_path, render
from k8sops.shell import DRIFT
from k8sops.spec import make_spec
from k8sops.task import task_names

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_a_task_in_four_touches(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", README, re.S)
    template = re.search(r"`templates/motd.j2`: `(.*?)`", README)
    inventory = re.search(r"## The inventory\n\n```yaml\n(.*?)```", README, re.S)
    assert code
    assert template
    assert inventory
    spec = make_spec(read_inventory(yamlfile.load(inventory[1], "inventory.yaml")))
    path = data_path("templates", "motd.j2")
    path.write_text(template[1])
    try:
        namespace: dict[str, object] = {"__name__": "motd"}
        exec(re.sub(r"^   ", "", code[1], flags=re.M), namespace)
        task = namespace["TASK"]
        (resource,) = task.resources(spec, spec.workers[0], Fleet({}))  # type: ignore[attr-defined]
        assert resource.want == "w01 of demo"
        assert check(resource, tmp_path) == DRIFT
        assert render("motd.j2", spec=spec, host=spec.hosts[0]) == "cp1 of demo"
    finally:
        path.unlink()
        _environment.cache_clear()


def test_every_task_is_one_file_named_as_the_task() -> None:
    from k8sops.task import load_task

    assert [load_task(name, ROOT).name for name in task_names(ROOT)] == list(task_names(ROOT))
    assert "k8sops.tasks" in sys.modules


CHECKED = {
    *("registry", "cni_conf", "net_conf", "rule", "spec.pause_image"),
    *("unit", "calendar", "delay", "when", "script"),
}
"""Values that are k8sops' own, or of the letters that settings.py allows them; what they stand in is no shell."""


def test_no_shell_template_holds_a_bare_value() -> None:
    for path in data_path("templates").rglob("*.j2"):
        values = re.findall(r"{{(.*?)}}", path.read_text())
        bare = [one for one in values if "|" not in one and one.strip() not in CHECKED]
        assert not bare, f"{path.name}: {bare}"
