# Whose a kubeconfig in a home directory is. It comes behind shell.sh.
# shellcheck shell=bash

# kubeconfig_lines PATH: LINES is its content without what a renewal or another address of the API changes.
kubeconfig_lines() {
  local line lines=()
  LINES=
  mapfile -t lines 2>/dev/null <"$1" || return
  for line in "${lines[@]}"; do
    case $line in
    *client-certificate-data:*|*client-key-data:*|*" server:"*|preferences:*) ;;
    *) LINES+=$line$'\n' ;;
    esac
  done
}

# foreign_kubeconfig PATH: something is there that is not a copy of this cluster's admin.conf, of today or earlier.
# A user may have put other clusters, a namespace or a link there: none of that is replaced.
foreign_kubeconfig() {
  local LINES='' own
  [ -e "$1" ] || [ -L "$1" ] || return 1
  [ ! "$1" -ef "$KUBECONFIG" ] || return 1
  [ ! -L "$1" ] && [ -f "$1" ] && [ -f "$KUBECONFIG" ] || return 0
  kubeconfig_lines "$KUBECONFIG"; own=$LINES
  kubeconfig_lines "$1"
  [ "$own" != "$LINES" ]
}
