# reach: gate:reach
# case firewall-ufw, host w1
# risk file; settle 20
check() {
try() {
  local why
  why=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "$2" "$3" 2>&1) && return
  case $why in *refused*) return ;; esac
  echo "cannot reach $1 ($2) port $3. This run opens its firewall first; if it is open, something else blocks the port"
}
has=$(
  try cp1 10.0.0.11 6443 &
  wait
)
[ -z "$has" ] || drift "$(sort <<<"$has")" 
}
