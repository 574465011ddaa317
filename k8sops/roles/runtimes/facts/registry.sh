# Whether a registry serves a manifest, asked with what a bare host has: curl, wget, or bash itself for http.
# shellcheck shell=bash disable=SC2016
ACCEPT='application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json'
ACCEPT+=', application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'

# registry_head URL [TOKEN]: the headers of the answer, or what went wrong.
registry_head() {
  local given=() rest=${1#http://} server
  if type -P curl >/dev/null; then
    [ -z "${2-}" ] || given=(-H "Authorization: Bearer $2")
    curl -sS -L -o /dev/null -D - --connect-timeout 3 --max-time 10 -H "Accept: $ACCEPT" "${given[@]}" "$1" 2>&1
  elif type -P wget >/dev/null; then
    [ -z "${2-}" ] || given=(--header="Authorization: Bearer $2")
    wget -nv -S -O /dev/null -T 5 -t 1 --header="Accept: $ACCEPT" "${given[@]}" "$1" 2>&1
  else
    server=${rest%%/*}
    timeout 10 bash -c 'exec 3<>"/dev/tcp/$1/$2" || exit
      printf "GET /%s HTTP/1.0\r\nHost: %s\r\nAccept: %s\r\n%sConnection: close\r\n\r\n" "$3" "$4" "$5" "$6" >&3
      while IFS= read -r line <&3 && [ -n "${line%[[:cntrl:]]}" ]; do printf "%s\n" "$line"; done' \
      - "$HOST" "$PORT" "${rest#*/}" "$server" "$ACCEPT" "${2:+Authorization: Bearer $2$'\r\n'}" 2>&1
  fi
}

# registry_token: an anonymous token, as the challenge of the registry says (Distribution Spec, token authentication).
registry_token() {
  local realm='' query='' word body
  while [[ $1 =~ ([a-z]+)=\"([^\"]*)\"(.*) ]]; do
    word=${BASH_REMATCH[2]// /%20}
    case ${BASH_REMATCH[1]} in realm) realm=$word ;; service|scope) query+="&${BASH_REMATCH[1]}=$word" ;; esac
    set -- "${BASH_REMATCH[3]}"
  done
  [ -n "$realm" ] || return 0
  case $realm in *\?*) realm+=$query ;; *) realm+="?${query#&}" ;; esac
  if type -P curl >/dev/null; then body=$(curl -sS -L --max-time 10 "$realm" 2>/dev/null)
  elif type -P wget >/dev/null; then body=$(wget -q -O - -T 5 -t 1 "$realm" 2>/dev/null); fi
  [[ ${body-} =~ \"(access_)?token\"[[:space:]]*:[[:space:]]*\"([^\"]+)\" ]] && printf '%s' "${BASH_REMATCH[2]}"
}

# registry_code HEADERS: sets CODE to the last status, CHALLENGE to how to log in, LAST to the last line.
registry_code() {
  local line
  CODE='' CHALLENGE='' LAST=''
  while IFS= read -r line; do
    line=${line%$'\r'} line=${line#"${line%%[! ]*}"}
    [ -z "$line" ] || LAST=$line
    case ${line,,} in
    http/*) CODE=${line#* } CODE=${CODE%% *} ;;
    www-authenticate:*bearer*) CHALLENGE=$line ;;
    esac
  done <<<"$1"
}

# ask_registry REGISTRY URL HOST PORT
ask_registry() {
  local CODE CHALLENGE LAST HOST=$3 PORT=$4 token why
  if [[ $2 = https:* ]] && ! type -P curl wget >/dev/null; then
    why=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "$3" "$4" 2>&1) && fact more.registry "$1 unchecked" && return
    why=${why%%$'\n'*} why=${why##*: }
    fact more.registry "$1 ${why:-no answer within 3 s}"
    return
  fi
  registry_code "$(registry_head "$2")"
  if [ "$CODE" = 401 ] && [ -n "$CHALLENGE" ]; then
    token=$(registry_token "$CHALLENGE")
    [ -z "$token" ] || registry_code "$(registry_head "$2" "$token")"
  fi
  # The root of an API answers 401 to whoever has not logged in, which is an answer.
  case $CODE:$2 in
  2??:* | 3??:* | 401:*/v2/) fact more.registry "$1 ok" ;;
  ???:*) fact more.registry "$1 HTTP $CODE" ;;
  *) LAST=${LAST#curl: } LAST=${LAST##*/dev/tcp/*: }; fact more.registry "$1 ${LAST:-no HTTP answer}" ;;
  esac
}
