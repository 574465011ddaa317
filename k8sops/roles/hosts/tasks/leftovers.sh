# Files on a host that take precedence over files of k8sops or of the packages.
# leftovers.py sets KEYS, the kernel parameters that the inventory wants, and reads the lines `fact more.NAME VALUE`.
# Built-ins of bash only: no process is started here.
# shellcheck shell=bash disable=SC2154,SC2016,SC2015

KUBELET_FLAGS='$KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS'

# Left by an interrupted init or join of k8sops; pods may have run, and the next run repeats it.
[ ! -d /etc/kubernetes/k8sops ] || fact more.begun 1

# CNI: container runtimes take the first file that they can read. Delegates of other plugins name them.
for path in /etc/cni/net.d/*.{conf,conflist,json}; do
  [ -f "$path" ] && [ -r "$path" ] || continue
  mapfile -t lines <"$path"
  plugins=
  for line in "${lines[@]}"; do
    while [[ $line =~ \"type\"[[:space:]]*:[[:space:]]*\"([^\"]+)\"(.*) ]]; do
      plugins+=" ${BASH_REMATCH[1]}" line=${BASH_REMATCH[2]}
    done
  done
  fact more.cni_file "${path##*/}$plugins"
done
while IFS='=' read -r key value; do
  case $key in FLANNEL_SUBNET) fact more.flannel_subnet "$value" ;; esac
done 2>/dev/null </run/flannel/subnet.env
# cni0 among them is compared with the node's range; one without an address disturbs nobody.
for link in /sys/class/net/{cilium_host,cilium_vxlan,vxlan.calico,weave,kube-bridge,kube-ipvs0,antrea-gw0,ovn-k8s-mp0,nodelocaldns}; do
  [ ! -e "$link" ] || fact more.link "${link##*/}"
done

# sysctl.d(5): by name, whatever the directory; of two with one name, that in the first directory. /etc/sysctl.conf is
# read last by `sysctl --system`; ufw has a file of its own, which it reads at each start.
declare -A sysctl_files=()
for path in /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf; do
  name=${path##*/}
  [[ $name > 90-k8sops- && $name != 90-k8sops-* ]] || continue
  [ ! -e "$path" ] || [ -n "${sysctl_files[$name]-}" ] || sysctl_files[$name]=$path
done
[ ! -f /etc/sysctl.conf ] || [ -n "${sysctl_files[99-sysctl.conf]-}" ] || sysctl_files[zz]=/etc/sysctl.conf
if [ -f /etc/ufw/ufw.conf ]; then
  while read -r value || [ -n "$value" ]; do
    case ${value,,} in enabled=yes*) sysctl_files[zzz]=/etc/ufw/sysctl.conf ;; esac
  done </etc/ufw/ufw.conf
fi
for rank in "${!sysctl_files[@]}"; do
  path=${sysctl_files[$rank]}
  [ -f "$path" ] && [ -r "$path" ] || continue
  mapfile -t lines <"$path"
  for at in "${!lines[@]}"; do
    [[ ${lines[at]} =~ ^[[:space:]]*-?[[:space:]]*([^#\;=[:space:]]+)[[:space:]]*=[[:space:]]*(.*)$ ]] || continue
    key=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
    # Where the first separator is a dot, dots and slashes change places.
    word=${key%%[./]*}
    case ${key:${#word}:1} in .) key=${key//\//$'\1'} key=${key//.//} key=${key//$'\1'/.} ;; esac
    for name in "${KEYS[@]}"; do
      # The key in the file may be a pattern.
      # shellcheck disable=SC2053
      [[ $name != $key ]] || fact more.sysctl "$rank $((at + 1)) $path ${name//\//.} $value"
    done
  done
done

# hostname(5): what the host is called after the next boot, where that is another name than now.
if [ -f /etc/hostname ]; then
  name=
  read -r name 2>/dev/null </proc/sys/kernel/hostname
  mapfile -t lines </etc/hostname
  for line in "${lines[@]}"; do
    case $line in '' | '#'* | localhost* | "$name") ;; *) fact more.boot_hostname "$line" ;; esac
  done
fi

# built_in MODULE: its feature is there, and it is not a module, so nothing needs to load it.
built_in() {
  local lines
  case $1 in br_netfilter) has_feature /proc/sys/net/bridge ;; *) has_feature "$1" ;; esac || return 1
  [ -e /proc/modules ] || return 0
  mapfile -t lines </proc/modules
  case $'\n'$(printf '%s\n' "${lines[@]}") in *$'\n'"$1 "*) return 1 ;; esac
}
# modprobe.d(5): systemd-modules-load loads nothing that is blacklisted, whoever asked for it.
for path in /etc/modprobe.d/*.conf /run/modprobe.d/*.conf /usr/local/lib/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf; do
  [ -f "$path" ] && [ -r "$path" ] || continue
  mapfile -t lines <"$path"
  for at in "${!lines[@]}"; do
    case ${lines[at]} in *br_netfilter* | *overlay*) read -r word name value <<<"${lines[at]}" ;; *) continue ;; esac
    ! built_in "$name" || continue
    case "$word $name $value" in
    'blacklist br_netfilter '* | 'blacklist overlay '* | 'install br_netfilter '*/bin/[tf]* | 'install overlay '*/bin/[tf]*)
      fact more.module "$name $path:$((at + 1))" ;;
    esac
  done
done

# Programs that are found before those of the packages. A script that runs the package's own is no other version.
for name in kubelet kubeadm kubectl containerd containerd-shim-runc-v2 dockerd docker cri-dockerd runc crictl; do
  for path in /usr/local/{sbin,bin}/"$name"; do
    [ -f "$path" ] && [ -x "$path" ] || continue
    [ ! "$path" -ef "/usr/bin/$name" ] && [ ! "$path" -ef "/usr/sbin/$name" ] || continue
    word=
    IFS= read -rN 2 word 2>/dev/null <"$path"
    if [ "$word" = '#!' ]; then
      mapfile -t lines <"$path"
      for line in "${lines[@]}"; do case $line in *"/usr/bin/$name "* | *"/usr/sbin/$name "*) continue 2 ;; esac; done
    fi
    fact more.program "$path"
  done
done

# systemd.unit(5): a unit in one of these directories hides that of the package, and so does a drop-in of the same name.
# Old packages had their drop-in in /etc; what it says is the same. `read` joins a line that ends in a backslash with
# the next. Of other variables than kubeadm's, only the names of options leave the host.
for at in /etc/systemd/system{.control,} /run/systemd/system{.control,} /usr/local/lib/systemd/system; do
  if [ "$at/kubelet.service" -ef /dev/null ]; then
    fact more.kubelet_unit "masked $at/kubelet.service"
  elif [ -f "$at/kubelet.service" ]; then
    fact more.kubelet_unit "replaced $at/kubelet.service"
  fi
  for path in "$at"/kubelet.service.d/*.conf; do
    [ -r "$path" ] && [ ! -d "$path" ] || continue
    word=
    case $path in */10-kubeadm.conf) word=hidden ;; esac
    # shellcheck disable=SC2162
    while read line || [ -n "$line" ]; do
      case $line in
      ExecStart= | 'Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"') ;;
      'Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"') ;;
      "ExecStart=/usr/bin/kubelet $KUBELET_FLAGS") word=${word#hidden} ;;
      ExecStart=*'$KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS'* | Environment=*KUBELET_KUBECONFIG_ARGS* | \
        Environment=*KUBELET_CONFIG_ARGS* | Environment=*KUBELET_KUBEADM_ARGS*) word=changed; break ;;
      ExecStart=*) word=bare; break ;;
      Environment=*KUBELET_EXTRA_ARGS=*)
        read -ra lines <<<"${line#*KUBELET_EXTRA_ARGS=}"
        options=
        for name in "${lines[@]}"; do
          name=${name#[\"\']}
          case $name in -*) name=${name%%=*} options+=" ${name%[\"\']}" ;; esac
        done
        fact more.kubelet_args "$path$options"
        ;;
      esac
    done <"$path"
    [ -z "$word" ] || fact more.kubelet_unit "${word/hidden/changed} $path"
  done
done
if [ -f /etc/default/kubelet ]; then
  mapfile -t lines </etc/default/kubelet
  for line in "${lines[@]}"; do
    case $line in KUBELET_EXTRA_ARGS=?*) fact more.kubelet_args "/etc/default/kubelet ${line#*=}" ;; esac
  done
fi
