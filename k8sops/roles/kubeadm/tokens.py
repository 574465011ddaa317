"""What nodes join with: a bootstrap token, and the certificates of the control plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import Secret, quote
from k8sops.roles.kubeadm.facts import CONFIG_DIR
from k8sops.roles.kubeadm.join import with_secrets
from k8sops.roles.protocols import etcd_members

OWNERS = "{{range .metadata.ownerReferences}}{{.name}} {{end}}"
RUN_LABEL = '{{with .metadata.labels}}{{index . "k8sops.run"}}{{end}}'


def join_token(token_id: str, secret: Secret, *, ttl_minutes: int, nodes: Sequence[str]) -> Resource:
    """A short-lived bootstrap token for these joins (Secret type bootstrap.kubernetes.io/token).

    It goes through stdin of kubectl, never through argv.
    """
    name = f"bootstrap-token-{token_id}"
    text = f"""apiVersion: v1
kind: Secret
type: bootstrap.kubernetes.io/token
metadata: {{name: {name}, namespace: kube-system, labels: {{app.kubernetes.io/managed-by: k8sops}}}}
stringData:
  description: k8sops join
  token-id: {token_id}
  token-secret: %s
  expiration: %s
  usage-bootstrap-authentication: "true"
  usage-bootstrap-signing: "true"
  auth-extra-groups: system:bootstrappers:kubeadm:default-node-token
"""
    return Resource(
        id="join-token",
        check=f"need_api\nkubectl -n kube-system get secret {name} >/dev/null 2>&1 || drift",
        apply=f"""expires=$(date -u -d '+{ttl_minutes} minutes' +%FT%TZ)
printf {quote(text)} "${secret.variable}" "$expires" | kubectl apply -f -""",
        want=f"token of {ttl_minutes} minutes for {', '.join(nodes)}",
        secrets=(secret,),
    )


def no_join_tokens() -> Resource:
    """Bootstrap tokens and uploaded certificates of k8sops deleted."""
    query = "kubectl -n kube-system get secrets -l app.kubernetes.io/managed-by=k8sops -o name"
    return Resource(
        id="join-token-withdrawn",
        # This also runs if a run ends early: without a cluster there is nothing to revoke.
        check=f'[ -f "$KUBECONFIG" ] || exit 0\nneed_api\nhas=$({query})\n[ -z "$has" ] || drift "a join token exists"',
        apply=f'{query} | while read -r one; do kubectl -n kube-system delete --ignore-not-found "$one"; done',
        want="no join token of k8sops",
        after=("join-token",),
    )


def uploaded_certificates(
    config: str, secrets: Mapping[str, Secret], *, run: str, nodes: Sequence[str], peers: Sequence[str]
) -> Resource:
    """The control plane's certificates uploaded for joining hosts, encrypted with the key of this run.

    A member of etcd that an earlier join left behind (`peers`, by its exact peer URL) is removed first: it would
    count against the quorum, and the host could not be added again. An etcd of the user's own has no such `peers`.
    """
    path = f"{CONFIG_DIR}/upload.yaml"
    label = f"kubectl -n kube-system get secret kubeadm-certs --ignore-not-found -o go-template={quote(RUN_LABEL)}"
    return Resource(
        id="control-plane-certificates",
        check=f'need_api\n[ "$({label})" = {run} ] || drift',
        apply=f"""{etcd_members().removing_members(peers) if peers else ""}
trap 'rm -f {path}' EXIT
{with_secrets(config, secrets, path)}
kubeadm init phase upload-certs --upload-certs --config {path} >/dev/null
# kubeadm makes a token beside them, whose end is theirs; it is withdrawn with them.
owners=$(kubectl -n kube-system get secret kubeadm-certs -o go-template={quote(OWNERS)})
for one in kubeadm-certs $owners; do
  kubectl -n kube-system label --overwrite secret "$one" app.kubernetes.io/managed-by=k8sops k8sops.run={run}
done""",
        want=f"for {', '.join(nodes)}",
        secrets=tuple(secrets.values()),
    )
