"""The published schema is the one of the models, and says what the models say."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from k8sops.inventory.load import schema

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "inventory.schema.json").read_text())


def test_the_published_schema_is_that_of_the_models() -> None:
    assert schema() == SCHEMA, "k8sops inventory schema > inventory.schema.json"
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_the_example_is_valid_and_names_its_schema() -> None:
    text = (ROOT / "inventory.example.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=inventory.schema.json\n")
    jsonschema.Draft7Validator(SCHEMA).validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"kubernets": "1.36.3"}, []),
        ({"kubernetes": "1.36"}, ["kubernetes"]),
        ({"runtime": "rkt"}, ["runtime"]),
        ({"network": {"cni": 3}}, ["network", "cni"]),
    ],
)
def test_what_is_wrong_is_underlined(change: dict[str, object], where: list[str]) -> None:
    data = {**yaml.safe_load((ROOT / "inventory.example.yaml").read_text()), **change}
    (error,) = jsonschema.Draft7Validator(SCHEMA).iter_errors(data)
    assert list(error.absolute_path) == where
