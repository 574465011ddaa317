"""The README's four touches are taken at their word."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from checkout import ROOT, copy_checkout, run_python

from k8sops.engine.render import data_path
from k8sops.engine.task import task_names

README = (ROOT / "README.md").read_text()
PROGRAM = """\
import sys
from pathlib import Path
from k8sops.operations.inputs import load_named_playbook
from k8sops.engine.facts import Fleet, HostFacts
from k8sops.inventory.load import load_inventory
from k8sops.engine.plan import Filters, make_steps
from k8sops.inventory.spec import make_spec

spec = make_spec(load_inventory(Path("README.yaml")))
fleet = Fleet({host.name: HostFacts() for host in spec.hosts})
for step in make_steps(spec, load_named_playbook("site", spec.folder), fleet, Filters()):
    if step.task == "motd":
        print(step.host, step.resource.id, step.resource.want)
"""
NO_CACHE = ("-p", "no:cacheprovider")
CONCERNED = (
    "hosts/test_motd.py",
    "test_golden.py",
    "test_docs.py",
    "engine/test_own_folders.py",
    "test_layers.py::test_imports_never_point_upwards",
    "engine/test_runner.py::test_a_survey_that_hangs_says_at_which_check",
)


def touches(checkout: Path) -> None:
    """The four touches of the README, to the letter."""
    code, test = (
        re.sub(r"^   ", "", block, flags=re.M) for block in re.findall(r"^   ```python\n(.*?)```", README, re.S | re.M)
    )
    template = re.search(r"`templates/hosts/motd.j2`: `(.*?)`", README)
    assert template
    (checkout / "k8sops/roles/hosts/tasks/motd.py").write_text(code)
    (checkout / "templates/hosts/motd.j2").write_text(template[1])
    site = checkout / "playbooks/site.yaml"
    plays = site.read_text()
    if "motd" not in plays:
        site.write_text(plays.replace("tasks: [", "tasks: [motd, ", 1))
    (checkout / "tests/unit/hosts/test_motd.py").write_text(test)
    command = re.search(r"`UPDATE_GOLDEN=1 .venv/bin/pytest (.*?)`", README)
    assert command
    run_python(checkout, ["-m", "pytest", *NO_CACHE, "-k", "not shellcheck", command[1]], UPDATE_GOLDEN="1")


def test_a_task_in_four_touches(tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path)
    touches(checkout)
    inventory = re.search(r"## The inventory\n\n```yaml\n(.*?)```", README, re.S)
    assert inventory
    (checkout / "README.yaml").write_text(inventory[1])
    run = run_python(checkout, ["-c", PROGRAM])
    assert run.stderr == ""
    hosts = ["cp1", *(f"w{number:02}" for number in range(1, 51))]
    assert sorted(set(run.stdout.splitlines())) == [f"{host} file:/etc/motd {host} of demo" for host in hosts]
    tests = [f"tests/unit/{name}" for name in CONCERNED]
    run = run_python(checkout, ["-m", "pytest", *NO_CACHE, "-k", "not four_touches and not shellcheck", *tests])
    assert run.returncode == 0, run.stdout
    assert (checkout / "templates/hosts/motd.j2").exists()
    assert list((checkout / "tests/golden/hosts/motd").iterdir())
    files = ["k8sops/roles/hosts/tasks/motd.py", "tests/unit/hosts/test_motd.py"]
    run = run_python(checkout, ["-m", "ruff", "check", "--no-cache", *files])
    assert run.returncode == 0, run.stdout


def test_every_task_is_one_file_named_as_the_task() -> None:
    from k8sops.engine.task import load_task

    assert [load_task(name, ROOT).name for name in task_names(ROOT)] == list(task_names(ROOT))
    assert "k8sops.roles.hosts.tasks" in sys.modules


CHECKED = {
    *("registry", "cni_conf", "net_conf", "rule", "spec.pause_image"),
    *("unit", "calendar", "delay", "when", "script"),
    *("host.name", "spec.cluster"),
}
"""Values that are k8sops' own, or of the letters that settings.py allows them; what they stand in is no shell."""


def test_no_shell_template_holds_a_bare_value() -> None:
    for path in data_path("templates").rglob("*.j2"):
        values = re.findall(r"{{(.*?)}}", path.read_text())
        bare = [one for one in values if "|" not in one and one.strip() not in CHECKED]
        assert not bare, f"{path.name}: {bare}: add `| sh` or `| yaml`, or name it in CHECKED, with the reason"
