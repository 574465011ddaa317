# What resources and facts say to apt and dpkg. Comes behind shell.sh in scripts that name it.
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2016,SC2015,SC1007
APT_PATIENCE=300
APT_OPTIONS=(-q -y -o "DPkg::Lock::Timeout=$APT_PATIENCE" -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef
  -o Dpkg::Options::=--force-confold -o Acquire::Retries=3 --no-install-recommends)
# Without these, apt only says that it would need them. What it would do with them is looked at first (apt_install).
APT_FORCE=(--allow-downgrades --allow-change-held-packages --ignore-hold)

APT_RUNTIMES='containerd containerd.io docker.io docker-ce cri-dockerd cri-o podman kubelet'

# apt_get ARGS: once nobody else is at work; keeps configuration files that a person changed.
apt_get() {
  apt_ready || return
  apt-get "${APT_OPTIONS[@]}" "$@"
}

# apt_ready: waits for another apt or dpkg that is at work, and finishes what one that died has left half configured.
# apt itself waits for dpkg's lock only, not for those on its lists and on what it has fetched.
APT_LOCKS="/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock"
apt_ready() {
  local until=$((SECONDS + APT_PATIENCE)) holder told=
  while holder=$(apt_holder); [ -n "$holder" ]; do
    [ "$holder" = "$told" ] || echo "waiting for $holder"
    [ $SECONDS -lt $until ] || { echo "gave up after $APT_PATIENCE s: $holder"; return 1; }
    told=$holder
    sleep 1
  done
  [ -n "$(dpkg --audit)$(ls -A /var/lib/dpkg/updates)" ] || return 0
  echo "dpkg was left half configured: that is finished first"
  dpkg --force-confdef --force-confold --configure -a || echo "dpkg could not finish it; apt goes on from there"
}

# apt_holder: which process holds one of those locks, and which.
apt_holder() {
  local path inode pid where line lines
  for path in $APT_LOCKS; do
    inode=$(stat -c %i "$path" 2>/dev/null) || continue
    mapfile -t lines </proc/locks
    for line in "${lines[@]}"; do
      read -r _ _ _ _ pid where _ <<<"$line"
      case $where in *:"$inode") echo "$(cat "/proc/$pid/comm" 2>/dev/null) (pid $pid), which holds $path"; return ;; esac
    done
  done
}

# apt_update: fresh lists of packages. A source that fails is a warning: whether it is needed, the installation shows.
apt_update() {
  local said line failed=0
  apt_ready || return
  said=$(apt-get "${APT_OPTIONS[@]}" update 2>&1) || true
  while IFS= read -r line; do
    case $line in
    [EW]:\ *"have been ignored"*) ;;
    E:\ *|W:\ Failed*|W:\ GPG*|W:\ An\ error*) failed=$((failed + 1)); [ $failed -gt 5 ] || warning PackageSource "${line#???}" ;;
    *) printf '%s\n' "$line" ;;
    esac
  done <<<"$said"
}

# apt_missing PACKAGE…: in MISSING, those of `NAME`, `NAME=VERSION` and `/FILE.deb` that are not installed.
apt_missing() {
  local package has names=()
  MISSING=() PACKAGE=()
  for package; do
    case $package in /*) ;; *) names+=("${package%%=*}") ;; esac
  done
  [ ${#names[@]} = 0 ] || ask_package "${names[@]}"
  for package; do
    read -r _ _ has <<<"${PACKAGE[${package%%=*}]-}"
    case $package in
    *=*) [ "$has" = "installed ${package#*=}" ] || MISSING+=("$package") ;;
    *) [ "${has%% *}" = installed ] || MISSING+=("$package") ;;
    esac
  done
}

# apt_simulate OURS PACKAGE…: in EFFECTS, what it would do to packages that are there, if apt installed these:
# `removes NAME VERSION`, `downgrades`, `upgrades` and `restarts NAME VERSION to VERSION` (an upgrade under which
# containers run), and `held NAME VERSION` for one that somebody has put on hold. OURS: packages that k8sops itself
# holds. Fails where apt cannot do it; SAID has its reasons.
apt_simulate() {
  local ours=" $1 " wanted=" ${*:2} " verb name old new held
  EFFECTS=()
  SAID=$(apt-get --simulate "${APT_OPTIONS[@]}" "${APT_FORCE[@]}" install "${@:2}" 2>&1 </dev/null) || return
  held=$(apt-mark showhold 2>/dev/null)
  held=" ${held//$'\n'/ } "
  while read -r verb name old new _; do
    case "$verb $old" in 'Remv ['*|'Purg ['*|'Inst ['*) old=${old#[} old=${old%]} new=${new#(} ;; *) continue ;; esac
    case $verb in
    Inst)
      # One that was asked for at this very version is in the plan.
      if [[ $wanted == *" $name=$new "* ]]; then :
      elif dpkg --compare-versions "$new" lt "$old"; then EFFECTS+=("downgrades $name $old to $new")
      elif [[ " $APT_RUNTIMES " == *" $name "* ]]; then EFFECTS+=("restarts $name $old to $new")
      else EFFECTS+=("upgrades $name $old to $new"); fi
      ;;
    *) EFFECTS+=("removes $name $old") ;;
    esac
    [[ $ours == *" $name "* ]] || [[ $held != *" $name "* ]] || EFFECTS+=("held $name $old")
  done <<<"$SAID"
}

# apt_reasons: why apt could not do what was simulated, from SAID; versions there are beside the one that is not.
apt_reasons() {
  local line name version
  while IFS= read -r line; do
    case $line in
    "E: Version '"*"' for '"*"' was not found")
      version=${line#*\'} version=${version%%\'*} name=${line#*for \'} name=${name%%\'*}
      echo "apt cannot find $name $version. Available: $(apt_versions "$name")"
      ;;
    'E: Unable to locate package '*) echo "apt cannot find the package ${line##* } in any of its sources" ;;
    'E: Package '*' has no installation candidate')
      name=${line#*\'}
      echo "apt cannot find the package ${name%%\'*} in any of its sources"
      ;;
    E:\ *) echo "apt: ${line#E: }" ;;
    esac
  done <<<"$SAID"
}

# apt_versions NAME: the versions that apt knows, newest first.
apt_versions() {
  local version list=
  while IFS='|' read -r _ version _; do
    version=${version// /}
    [[ ", $list, " == *", $version, "* ]] || list+=${list:+, }$version
  done < <(apt-cache madison "$1" 2>/dev/null)
  echo "${list:-none}"
}

# apt_install ALLOWED OURS PACKAGE…: these installed, and nothing else touched. What has to go for them, or to be
# downgraded, goes only where the plan that was approved has shown it (ALLOWED: `removes:NAME`, …). Lists that an
# earlier run has left may be too old: where apt cannot do it with them, it is tried with fresh ones.
apt_install() {
  local allowed=" $1 " ours=$2 lists effect verb name rest keep=()
  shift 2
  apt_ready || return
  apt_missing "$@"
  [ ${#MISSING[@]} -gt 0 ] || return 0
  for lists in old fresh; do
    [ $lists = old ] || apt_update
    if ! apt_simulate "$ours" "${MISSING[@]}"; then
      [ $lists = old ] || fail "$(apt_reasons)"
      continue
    fi
    for effect in "${EFFECTS[@]}"; do
      read -r verb name rest <<<"$effect"
      case $verb in
      held) fail "apt would change $name $rest, which is on hold here; nothing was installed. If it may be changed: apt-mark unhold $name" ;;
      removes|downgrades|restarts) [[ $allowed == *" $verb:$name "* ]] || refuse_effects ;;
      esac
    done
    apt_get "${APT_FORCE[@]}" --download-only install "${MISSING[@]}" && break
    [ $lists = old ] || return
  done
  [[ $allowed == *' removes:'* ]] || keep=(--no-remove)
  apt_get "${APT_FORCE[@]}" "${keep[@]}" install "${MISSING[@]}"
}

# refuse_effects: nothing is removed that the approved plan did not show.
refuse_effects() {
  local effect list='' advice="Run the same command again: its plan shows it now (with --yes, it takes --allow delete, or restart)"
  for effect in "${EFFECTS[@]}"; do
    case $effect in removes*|downgrades*|restarts*) list+=${list:+, }$effect ;; esac
  done
  # What a file conflicts with, only the file tells.
  [[ ${MISSING[*]} != /* ]] || advice="If it is not needed, remove it first"
  fail "installing ${MISSING[*]##*/} $list, which the approved plan did not show; nothing was installed. $advice"
}

# apt_errors: what apt complained of (stdin), on one line.
apt_errors() {
  local line list=
  while IFS= read -r line; do
    case $line in
    [EW]:\ *"have been ignored"*|*'could not be read.'|E:\ Download\ Failed) ;;
    [EW]:\ *) [[ "$list; " == *"${line#???}; "* ]] || list+="${list:+; }${line#???}" ;;
    esac
  done
  echo "$list"
}

# --- what facts ask apt (packaging.py) -------------------------------------------------------------------------
# apt_plan RESOURCE OURS PACKAGE…: facts `more.apt`, what apt would do to packages that are there (apt_simulate) to
# install those of these that are not. HAS is what facts.sh knows of packages: where nothing is missing, no process starts.
apt_plan() {
  local resource=$1 ours=$2 package name missing=() any=() effect
  shift 2
  for package; do
    name=${package%%=*}
    case $package in
    *=*) [ "${HAS[$name]-}" = "${package#*=}" ] || missing+=("$package") ;;
    *) [ -n "${HAS[$name]-}" ] || { missing+=("$package"); any+=("$package"); } ;;
    esac
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  # The repository of an exact version may not be known here yet; the other packages are then looked at without it.
  if ! apt_simulate "$ours" "${missing[@]}"; then
    case $SAID in *'could not be read'*) fact more.apt_unreadable "$(apt_errors <<<"$SAID")" ;; esac
    [ ${#any[@]} -gt 0 ] && [ ${#any[@]} -lt ${#missing[@]} ] && apt_simulate "$ours" "${any[@]}" || return 0
  fi
  for effect in "${EFFECTS[@]}"; do fact more.apt "$resource $effect"; done
}

# apt_other_sources URL OWN: facts `more.apt_source`, the files beside OWN that name the repository at URL; facts
# `more.apt_kept`, what a person has written into OWN about other repositories.
apt_other_sources() {
  local file line word words lines enabled hit
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    ! source_is_ours "$file" || continue
    enabled=1 hit=
    mapfile -t lines <"$file"
    # An empty line ends a paragraph of deb822.
    for line in "${lines[@]}" ''; do
      read -r -a words <<<"$line"
      case "${words[*]-}" in
      '')
        [ "$file" = "$2" ] || [ -z "$hit" ] || [ -z "$enabled" ] || fact more.apt_source "$file"
        enabled=1 hit=
        ;;
      '#'*) ;;
      [Ee]nabled:\ [Nn]o|[Ee]nabled:\ [Ff]alse|[Ee]nabled:\ 0) enabled= ;;
      *)
        case "$file $line" in "$2 "*/core:/stable:/*|"$2 "*//apt.kubernetes.io*) ;; "$2 "*) fact more.apt_kept "$line" ;; esac
        for word in "${words[@]}"; do [ "${word%/}" != "${1%/}" ] || hit=1; done
        ;;
      esac
    done
  done
}

# apt_offers URL PACKAGE=VERSION: where this is not installed, facts `more.offers`: the versions of it that the
# repository at URL has now; `more.offers_nothing`: why it cannot be read.
apt_offers() {
  local index name=${2%%=*} version said
  [ "${HAS[$name]-}" != "${2#*=}" ] || return 0
  index=$(mktemp)
  # A plan does not wait for a network that swallows everything.
  if said=$(timeout -k 1 15 /usr/lib/apt/apt-helper -o Acquire::Retries=1 download-file "$1Packages" "$index" 2>&1); then
    while read -r version; do fact more.offers "$version"; done < <(
      awk -v name="$name" '$1 == "Package:" {at = $2} $1 == "Version:" && at == name {print $2}' "$index" | sort -ruV
    )
  else
    said=$(apt_errors <<<"$said")
    fact more.offers_nothing "${said:-no answer within 15 s}"
  fi
  rm -f "$index"
}
