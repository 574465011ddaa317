# container-runtime: facts
# case bare, host cp1
for path in /etc/containerd/config.toml /etc/containerd/conf.d/*.toml; do
  [ ! -f "$path" ] || fact "more.file.$path" "$(base64 -w0 <"$path")"
done
for path in ; do
  [ ! -f "$path" ] || { read -r line <"$path" || :; fact "more.hosts.$path" "${line%%:*}"; }
done
shopt -s nullglob
for path in /{etc,run}/systemd/system/containerd.service{,.d/*.conf}; do
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
