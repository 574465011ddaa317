"""Custom manifest files: what is refused, their order, and how answers of the API are reported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bash import check

from k8sops.engine.shell import quote
from k8sops.errors import InputError
from k8sops.resources.kubernetes import manifest
from k8sops.resources.manifests import objects_of, own_manifests

CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
"""
WIDGET = """# mode stays as it is written
apiVersion: example.com/v1
kind: Widget
metadata: {name: one, namespace: tools}
spec: {mode: 0644, on: yes}
"""
SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: tools}\n"
LIST = """apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: other}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: in-default}}
"""


def test_definitions_and_namespaces_of_all_files_come_first(tmp_path: Path) -> None:
    (tmp_path / "widget.yaml").write_text(f"---\n{WIDGET}---\n# nothing\n---\n{SPACE}")
    (tmp_path / "crd.yaml").write_text(f"{CRD}---\n{LIST}")
    first, widget, rest = own_manifests(tmp_path, ["widget.yaml", "crd.yaml"])
    assert (first.name, first.objects) == (
        "definitions",
        ("Namespace -/tools", "CustomResourceDefinition -/widgets.example.com", "Namespace -/other"),
    )
    assert (widget.name, widget.objects) == ("widget", ("Widget tools/one",))
    # What other programs read otherwise than Python is not written anew.
    assert "spec: {mode: 0644, on: yes}" in widget.text
    assert (rest.name, rest.objects) == ("crd", ("ConfigMap -/in-default",))
    assert objects_of(first.text) == list(first.objects)


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {folder}}}\n")
    assert [one.name for one in own_manifests(tmp_path, ["a/net.yaml", "b/net.yaml"])] == ["net", "net-2"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kind: [", "x.yaml:2:1: cannot be used as a manifest"),
        ("# empty\n---\n", "it has no objects"),
        ("just words", "expected an object with apiVersion and kind, found 'just words'"),
        ("kind: ConfigMap\nmetadata: {name: x}", "an object without apiVersion"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {}", "ConfigMap: it has no name"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}", "Pod: generateName would make a new object"),
        ("apiVersion: v1\nkind: List\nitems: [1]", "expected an object with apiVersion and kind, found 1"),
    ],
)
def test_what_cannot_be_applied_is_refused_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(InputError) as refused:
        own_manifests(tmp_path, ["x.yaml"])
    assert why in str(refused.value)


@pytest.mark.parametrize(("said", "code"), [("", 10), ('error: no matches for kind "Widget" in version "x"', 10)])
def test_a_kind_that_the_api_does_not_know_yet_is_drift(tmp_path: Path, said: str, code: int) -> None:
    resource = manifest("x", WIDGET, objects=["Widget tools/one"])
    known = (
        f"need_api() {{ :; }}; kubectl() {{ case $1$2 in getnamespace) ;; *) echo {quote(said)}; return 1 ;; esac; }}"
    )
    assert check(replace(resource, check=f"{known}\n{resource.check}", asks=()), tmp_path) == code


def test_an_object_without_a_namespace_is_found_in_default(tmp_path: Path) -> None:
    resource = manifest("x", LIST, objects=["ConfigMap -/in-default"])
    digest = resource.check.partition('want="')[2].partition(" ")[0]
    known = f"""need_api() {{ :; }}; kubectl() {{ return 1; }}; fields_of() {{ echo ours; }}
OBJECT['ConfigMap default/in-default']='{digest} ours|0 |x'"""
    assert check(replace(resource, check=f"{known}\n{resource.check}", asks=()), tmp_path) == 0
