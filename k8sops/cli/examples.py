"""Examples for `--help`, by command. A test parses each of them, and refuses a command without one."""

from __future__ import annotations

EXAMPLES: dict[str, str] = {
    "": """
        k8sops init                          # write inventory.yaml, then add your hosts
        k8sops plan                          # show every change on every host
        k8sops apply                         # show it, ask, apply it
        k8sops verify                        # test the cluster""",
    "init": """
        k8sops init                          # writes inventory.yaml
        k8sops init clusters/prod.yaml""",
    "plan": """
        k8sops plan
        k8sops plan -l workers -t kubelet,kernel
        k8sops plan --pick 'file:/etc/*'     # only these resources, by id
        k8sops plan --out friday.json        # later: k8sops apply friday.json""",
    "apply": """
        k8sops apply                         # show the plan and ask
        k8sops apply --yes --allow restart   # no prompt; services may restart
        k8sops apply -l w3                   # one host
        k8sops apply friday.json             # a plan that was approved""",
    "show": """
        k8sops show friday.json""",
    "check": """
        k8sops check                         # exit code 2: something differs
        k8sops check -o json""",
    "reset": """
        k8sops reset w3                      # asks for the cluster's name
        k8sops reset w3 --check              # only shows what would be done
        k8sops reset --all --confirm demo""",
    "status": """
        k8sops status
        k8sops status -o json""",
    "verify": """
        k8sops verify
        k8sops verify --timeout 300 --junit results.xml""",
    "version": """
        k8sops version
        k8sops version --hosts
        k8sops version --hosts -l workers -o json""",
    "etcd": """
        k8sops etcd status
        k8sops etcd backup --verify""",
    "etcd status": """
        k8sops etcd status
        k8sops etcd status -o json""",
    "etcd defrag": """
        k8sops etcd defrag --check           # only shows what would be done
        k8sops etcd defrag --yes""",
    "etcd disarm": """
        k8sops etcd disarm""",
    "etcd compact": """
        k8sops etcd compact --keep 5000 --yes""",
    "etcd backup": """
        k8sops etcd backup --verify
        k8sops etcd backup --to s3://backups/demo --to /mnt/backups
        k8sops etcd backup --all-clusters clusters/*/inventory.yaml""",
    "etcd list": """
        k8sops etcd list
        k8sops etcd list --from s3://backups/demo""",
    "etcd verify": """
        k8sops etcd verify --latest
        k8sops etcd verify demo-20261124T201500Z-cp1 --from s3://backups/demo""",
    "etcd restore": """
        k8sops etcd restore demo-20261124T201500Z-cp1
        k8sops etcd restore demo-20261124T201500Z-cp1 --without cp3
        k8sops etcd restore demo-20261124T201500Z-cp1 --from s3://backups/demo --new-hosts""",
    "etcd rollback": """
        k8sops etcd rollback 20261124T203000Z-1f2e""",
    "etcd member": """
        k8sops etcd member replace cp2""",
    "etcd member remove": """
        k8sops etcd status                   # shows the ids
        k8sops etcd member remove 8e9e05c52164694d""",
    "etcd member replace": """
        k8sops etcd member replace cp2""",
    "etcd schedule": """
        k8sops etcd schedule                 # as `backup` in the inventory says
        k8sops etcd schedule status""",
    "etcd schedule status": """
        k8sops etcd schedule status""",
    "inventory": """
        k8sops inventory show w1""",
    "inventory show": """
        k8sops inventory show w1
        k8sops inventory show w1 -o json""",
    "inventory schema": """
        k8sops inventory schema >inventory.schema.json""",
    "runs": """
        k8sops runs list
        k8sops runs show last""",
    "runs list": """
        k8sops runs list
        k8sops runs list -o json""",
    "runs show": """
        k8sops runs show last
        k8sops runs show 20261124T20 -o json""",
    "runs html": """
        k8sops runs html last --out run.html""",
    "lab": """
        k8sops lab up demo --workers 2 --inventory inventory.yaml
        k8sops lab down demo""",
    "lab up": """
        k8sops lab up                        # one control plane, two workers
        k8sops lab up demo --control-planes 3 --workers 1 --inventory inventory.yaml
        k8sops lab up --mirror               # without upstream, whether it can be reached or not""",
    "lab down": """
        k8sops lab down demo
        k8sops lab down --all                # all labs and the mirror""",
    "lab status": """
        k8sops lab status""",
    "lab ssh": """
        k8sops lab ssh w1
        k8sops lab ssh cp1 --lab demo systemctl status kubelet""",
}


def commands(path: str) -> list[str]:
    """The examples of a command, one line each."""
    return [line.strip() for line in EXAMPLES.get(path, "").splitlines() if line.strip()]


def epilog(path: str) -> str:
    """The end of a command's help. \\b keeps the lines as they are."""
    lines = commands(path)
    return "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in lines)]) if lines else ""
