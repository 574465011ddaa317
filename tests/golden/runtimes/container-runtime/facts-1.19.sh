# container-runtime: facts
# case 1.19, host w2
for path in /etc/docker/daemon.json; do
  [ ! -f "$path" ] || fact "more.file.$path" "$(base64 -w0 <"$path")"
done
for path in /var/lib/docker/containers/*; do [ ! -d "$path" ] || { fact more.docker_used 1; break; }; done
for path in /run/containerd/io.containerd.runtime.v2.task/moby/* /run/docker/containerd/daemon/*.v2.task/moby/*; do
  [ ! -d "$path" ] || { fact more.docker_running 1; break; }
done
shopt -s nullglob
for path in /{etc,run}/systemd/system/docker.service{,.d/*.conf} /{etc,run}/systemd/system/cri-docker.service{,.d/*.conf}; do
  case $path in */k8sops.conf) continue ;; esac
  # shellcheck disable=SC2162
  [ ! -f "$path" ] || while read line || [ -n "$line" ]; do
    case $line in
    ExecStart=?*) line=${line#ExecStart=} ;;
    *) continue ;;
    esac
    read -ra words <<<"$line"
    options=
    for word in "${words[@]}"; do
      word=${word#[\"\']} word=${word%[\"\']}
      case $word in
      --config=* | -c=* | /*) options+=" $word" ;;
      -*) options+=" ${word%%=*}" ;;
      esac
    done
    fact more.unit "$path$options"
  done <"$path"
done
shopt -u nullglob
