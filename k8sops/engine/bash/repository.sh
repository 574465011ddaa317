# A package repository with a key of its own, and the fingerprints of keys. Comes behind apt.sh in scripts that name it.
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2016,SC2015,SC1007
# apt_source KEY SOURCE URL LINE PIN NEW: the file NEW is the key of the repository at URL, LINE in SOURCE makes it known
# to apt, and apt has read it with them. Only then PIN and the key's digest are noted in SOURCE, by which a check knows
# that it is done. Where apt cannot read it, or cannot read its sources any more, what was there before is there again.
apt_source() {
  local key=$1 source=$2 url=$3 line=$4 pin=$5 new=$6 before file why sum
  # Who is waited for is said here: further down, what apt prints is read and not shown.
  apt_ready || return
  before=$(mktemp -d)
  for file in "$key" "$source"; do
    [ ! -e "$file" ] || cp -p "$file" "$before/"
  done
  # What a person wrote is kept; apt passes over files of this name.
  [ ! -e "$source" ] || source_is_ours "$source" || cp -p "$source" "$source.save"
  mkdir -p "${key%/*}"
  # apt reads keys as a user of its own.
  chmod a+rx "${key%/*}"
  put_file "$key" 0644 root:root <"$new"
  printf '%s\n' "$line" | put_file "$source" 0644 root:root
  why=$(apt_cannot_read "$source" "$url")
  if [ -n "$why" ]; then
    for file in "$key" "$source"; do
      rm -f "$file"
      [ ! -e "$before/${file##*/}" ] || cp -p "$before/${file##*/}" "$file"
    done
    rm -rf "$before"
    fail "$why. What was there before is in place again"
  fi
  rm -rf "$before"
  read -r sum _ < <(sha256sum "$key")
  printf '%s\n' "# $pin $sum" "$line" | put_file "$source" 0644 root:root
}

# source_is_ours SOURCE: k8sops wrote this list.
source_is_ours() {
  local line
  { IFS= read -r line <"$1"; } 2>/dev/null
  [[ ${line-} =~ ^#\ [0-9A-F]{40}\  ]]
}

# apt_cannot_read SOURCE URL: why apt cannot read this repository, which SOURCE names; nothing where it can.
apt_cannot_read() {
  local said index
  if ! said=$(apt-get indextargets 2>&1 >/dev/null); then
    echo "apt could not read its sources with $2 among them: $(apt_errors <<<"$said")"
    return
  fi
  # An answer that is only partly there, or not signed by the key, is an error here (apt 2.1 and later).
  said=$(apt_get update -o "Dir::Etc::SourceList=$1" -o Dir::Etc::SourceParts=- -o APT::Get::List-Cleanup=0 \
    -o APT::Update::Error-Mode=any 2>&1) || { echo "apt could not read $2: $(apt_errors <<<"$said")"; return; }
  index=$(apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' "Repo-URI: $2" 2>/dev/null) || true
  [ -n "$index" ] || echo "apt has no index of $2 after it was read: $(apt_errors <<<"$said")"
}

# openpgp_fingerprints: the fingerprint of each primary key in an armoured keyring (stdin), one a line. A bare Debian
# host has gpgv but no gpg, so the packets are walked here: RFC 4880, 4.2 (headers) and 12.2 (fingerprint of a v4 key).
openpgp_fingerprints() (
  set -e
  raw=$(mktemp)
  trap 'rm -f "$raw"' EXIT
  tr -d '\r' | sed -e '1,/^$/d' -e '/^=/,$d' -e '/^-----END/,$d' | base64 -d >"$raw"
  size=$(stat -c %s "$raw") at=0
  byte() { od -An -tu1 -j "$1" -N 1 "$raw" | tr -d ' '; }
  while [ "$at" -lt "$size" ]; do
    head=$(byte "$at"); one=$(byte $((at + 1)))
    if [ $((head & 64)) = 0 ]; then
      tag=$(((head >> 2) & 15))
      case $((head & 3)) in
      0) length=$one from=$((at + 2)) ;;
      1) length=$((one * 256 + $(byte $((at + 2))))) from=$((at + 3)) ;;
      *) echo "unreadable"; exit 1 ;;
      esac
    else
      tag=$((head & 63))
      if [ "$one" -lt 192 ]; then length=$one from=$((at + 2))
      elif [ "$one" -lt 224 ]; then length=$(((one - 192) * 256 + $(byte $((at + 2))) + 192)) from=$((at + 3))
      else echo "unreadable"; exit 1; fi
    fi
    if [ "$tag" = 6 ]; then
      {
        printf '%b' "$(printf '\\x99\\x%02x\\x%02x' $((length >> 8)) $((length & 255)))"
        tail -c "+$((from + 1))" "$raw" | head -c "$length"
      } | sha1sum | cut -c1-40 | tr a-f A-F
    fi
    at=$((from + length))
  done
)
