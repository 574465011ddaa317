"""Secrets belong to a run: two runs of one process share none, and all plans of a run have the same."""

from __future__ import annotations

import re

from test_runner import Fleet, answering, names, spec

from k8sops.engine.plan import Filters
from k8sops.engine.playbook import load_playbook
from k8sops.engine.render import data_path
from k8sops.engine.runsecrets import RunSecrets
from k8sops.engine.survey import make_plan


def test_the_forms_are_those_of_kubeadm() -> None:
    made = RunSecrets()
    assert re.fullmatch(r"[a-z0-9]{6}", made.token_id)
    assert re.fullmatch(r"[a-z0-9]{16}", made.token.reveal())
    assert re.fullmatch(r"[0-9a-f]{64}", made.certificate_key.reveal())
    assert made.token.reveal() not in repr(made)


def test_each_run_has_its_own_and_keeps_it() -> None:
    book = load_playbook(data_path("playbooks", "site.yaml"), data_path("playbooks"))

    def planned(fleet: Fleet) -> RunSecrets:
        return make_plan(fleet.session, spec(), book, Filters()).fleet.secrets

    first, second = (Fleet({name: answering(lambda index: 0) for name in names()}) for _ in range(2))
    assert planned(first) == planned(first) == first.session.secrets
    assert planned(first) != planned(second)
