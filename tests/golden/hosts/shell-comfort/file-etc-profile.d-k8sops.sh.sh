# shell-comfort: file:/etc/profile.d/k8sops.sh
# case bare, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/profile.d/k8sops.sh
file_holds /etc/profile.d/k8sops.sh 2bf6c7104601c788f3cc9e077d97649b813fa14083c5e9e4ed82962840166407 0644 root root
}

apply() {
printf %s '# Written by k8sops: `k` is kubectl, and both complete.
# Every login shell reads this, dash and a bash that is called sh too: POSIX syntax only.
case $- in
*i*)
  if [ -n "${BASH_VERSION-}" ] && ! shopt -oq posix && command -v kubectl >/dev/null 2>&1; then
    eval "$(kubectl completion bash 2>/dev/null)"
    alias k=kubectl
    complete -o default -F __start_kubectl k
  fi
  ;;
esac
' | put_file /etc/profile.d/k8sops.sh 0644 root:root
}
