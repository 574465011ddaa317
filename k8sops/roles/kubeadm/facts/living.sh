# What a living cluster runs, read by living.py. GATES: the feature gates that the inventory sets, as a flag says
# them. Files are read by bash itself: nothing is run on hosts that have not joined, one kubectl on a control plane.
# shellcheck shell=bash disable=SC2154
file_fact() {
  local line
  while IFS= read -r line || [ -n "$line" ]; do fact "more.living.$1" "$line"; done 2>/dev/null <"$2"
}

# command_fact NAME FILE: the command of a static pod, as YAML.
command_fact() {
  local line inside=
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    *'- command:') inside=1 ;;
    *' image: '*) [ -z "$inside" ] || break ;;
    *) [ -z "$inside" ] || fact "more.living.$1" "$line" ;;
    esac
  done 2>/dev/null <"$2"
}

# unknown_gates: those of GATES that this release does not have.
unknown_gates() {
  local help gate
  help=$(kubelet --help 2>/dev/null)
  [ -n "$help" ] || return 0
  for gate in ${GATES//,/ }; do
    case $help in *[!A-Za-z0-9]"${gate%%=*}"=true\|false*) ;; *) fact more.living.unknown-gate "${gate%%=*}" ;; esac
  done
}

if [ -f /etc/kubernetes/kubelet.conf ]; then
  file_fact kubelet-flags /var/lib/kubelet/kubeadm-flags.env
  file_fact kubelet-config /var/lib/kubelet/config.yaml
  while IFS= read -r line; do
    # What else stands in this file, as a proxy with its password, is of no interest.
    case $line in KUBELET_EXTRA_ARGS=*) fact more.living.kubelet-default "$line" ;; esac
  done 2>/dev/null </etc/default/kubelet
  [ ! -e /etc/cni/net.d/10-flannel.conflist ] || fact more.living.flannel 1
fi
if [ -f /etc/kubernetes/k8sops/initialised ] && [ -f /etc/kubernetes/manifests/kube-apiserver.yaml ]; then
  for name in kube-apiserver kube-controller-manager kube-scheduler etcd; do
    command_fact "command-$name" "/etc/kubernetes/manifests/$name.yaml"
  done
  file_fact apiserver-crt /etc/kubernetes/pki/apiserver.crt
  if [ -n "$GATES" ] && ! has_line /etc/kubernetes/manifests/kube-apiserver.yaml "    - --feature-gates=$GATES"; then
    unknown_gates
  fi
  kubectl -n kube-system get nodes,configmaps --request-timeout=5s -o go-template="$LIVING" 2>/dev/null
  while IFS= read -r line; do
    # What comes behind these words is the library that every script begins with.
    case $line in 'set -u') break ;; [A-Z]*=*) fact more.living.schedule "$line" ;; esac
  done 2>/dev/null </usr/local/sbin/k8sops-etcd
  for name in backup drill; do
    while IFS= read -r line; do
      case $line in OnCalendar=*) fact more.living.calendar "$name ${line#*=}" ;; esac
    done 2>/dev/null <"/etc/systemd/system/k8sops-etcd-$name.timer"
  done
  [ ! -e /etc/cron.d/k8sops-etcd ] || fact more.living.cron 1
fi
