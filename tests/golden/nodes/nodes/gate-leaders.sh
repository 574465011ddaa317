# nodes: gate:leaders
# case bare, host cp1
# risk file; settle 120
check() {
# include health.sh without comments
ask_health
hear_api
need_api
waiting= since=$(utc $((EPOCHSECONDS - 60)))
for line in "${HEALTH[@]}"; do
  read -r word name at <<<"$line"
  [ "$word" = lease ] && [[ $at < $since ]] || continue
  echo "$name: no leader since $at"
  waiting=1
done
[ -z "$waiting" ] || drift
}
