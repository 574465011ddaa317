# Copies of backups to S3, or to another host over SSH; encrypted by age if there is a recipient. The manifest is copied
# last. Files are streamed. Follows backup.sh.
# shellcheck shell=bash disable=SC2015,SC2016
S3_ENDPOINT=${S3_ENDPOINT-} S3_REGION=${S3_REGION-us-east-1} S3_CONFIG=${S3_CONFIG-} ENCRYPT_TO=${ENCRYPT_TO-}
# Bytes in a part of an upload; S3 allows 10,000 parts.
S3_PART=${S3_PART-67108864}

# s3 METHOD PLACE [FILE]: one request, with FILE as its body; PLACE is `BUCKET/KEY?QUERY`, the query sorted. Its answer is
# left in S3_INTO, or S3_BODY, its header in S3_HEAD. The hash of the body is signed, so the server compares it. Tried
# three times on errors of the network or the server, never after a refusal.
s3() {
  local method=$1 place=$2 body=${3-/dev/null} code said tries how=()
  S3_HEAD=$FOLDER/.s3-head.part S3_BODY=$FOLDER/.s3-body.part
  [ -f "$S3_CONFIG" ] || { refuse S3Refused "no credentials for S3 (backup.s3.credentials)"; return 1; }
  case $method in PUT) how=(-T "$body") ;; POST) how=(--data-binary "@$body" -H 'Content-Type: application/xml') ;; esac
  for tries in 1 2 3; do
    rm -f "$S3_BODY" "$S3_HEAD"
    # curl signs headers that are given explicitly, and 7.88 signs no other hash correctly.
    code=$(curl -q -sS -K "$S3_CONFIG" --aws-sigv4 "aws:amz:$S3_REGION:s3" --request "$method" --globoff \
      -H "x-amz-content-sha256: $(sha256sum <"$body" | cut -c1-64)" "${how[@]}" --expect100-timeout 0.2 \
      --connect-timeout 10 --speed-limit 1024 --speed-time "${S3_PATIENCE-30}" -D "$S3_HEAD" \
      -o "${S3_INTO-$S3_BODY}" -w '%{http_code}' "${S3_ENDPOINT:-https://s3.$S3_REGION.amazonaws.com}/$place" \
      2>"$FOLDER/.s3-error.part") || code=000
    case $code in 000|408|429|5??) [ "$tries" = 3 ] || sleep $((tries * 2)) ;; *) break ;; esac
  done
  case $code in
  2??) return 0 ;;
  000) refuse S3Silent "the S3 server does not answer: $(tail -n 1 "$FOLDER/.s3-error.part" | cut -c1-200)" ;;
  *)
    said=$(sed -n 's/.*<Code>\([A-Za-z0-9]*\)<.*/\1/p' "${S3_INTO-$S3_BODY}" 2>/dev/null | head -n 1)
    case $code in
    401|403) refuse S3Refused "the S3 server rejects the credentials, or they lack permission for $method of ${place%%\?*}: $code $said" ;;
    404) refuse S3Missing "the S3 server has no ${place%%\?*}: $code $said" ;;
    *) refuse S3Failed "the S3 server answers $code $said to $method of ${place%%\?*}" ;;
    esac ;;
  esac
}

in_query() { sed 's/%/%25/g; s/+/%2B/g; s/\//%2F/g; s/=/%3D/g' <<<"$1"; }

# s3_send PLACE: stdin becomes the object, whole or not at all: in one request where it is small, else in parts.
# SOURCE_PID is what writes to stdin: an object is only made once that has ended well.
s3_send() {
  local place=$1 part="$FOLDER/.s3-part.part" at=0 size id='' list='' etag
  while :; do
    head -c "$S3_PART" >"$part" || { refuse NoSpace "not enough disk space for a part of the upload in $FOLDER"; break; }
    size=$(stat -c %s "$part")
    if [ $at = 0 ] && [ "$size" -lt "$S3_PART" ]; then
      wait "$SOURCE_PID" || { refuse ReadFailed "cannot read or encrypt the file to copy"; break; }
      s3 PUT "$place" "$part" || break
      rm -f "$part"
      return 0
    fi
    if [ -z "$id" ]; then
      s3 POST "$place?uploads=" || break
      id=$(sed -n 's/.*<UploadId>\([^<]*\)<.*/\1/p' "$S3_BODY")
      [ -n "$id" ] || { refuse S3Failed "the S3 server did not start the upload of $place"; break; }
    fi
    if [ "$size" -gt 0 ]; then
      at=$((at + 1))
      s3 PUT "$place?partNumber=$at&uploadId=$(in_query "$id")" "$part" || break
      etag=$(tr -d '\r' <"$S3_HEAD" | sed -n 's/^[Ee][Tt]ag: *//p' | tail -n 1)
      list+="<Part><PartNumber>$at</PartNumber><ETag>$etag</ETag></Part>"
    fi
    [ "$size" -lt "$S3_PART" ] || continue
    wait "$SOURCE_PID" || { refuse ReadFailed "cannot read or encrypt the file to copy"; break; }
    printf '<CompleteMultipartUpload>%s</CompleteMultipartUpload>' "$list" >"$part"
    s3 POST "$place?uploadId=$(in_query "$id")" "$part" || break
    # A late failure is reported in the body of a successful response.
    ! grep -q '<Error>' "$S3_BODY" || { refuse S3Failed "the S3 server did not complete the upload of $place"; break; }
    rm -f "$part"
    return 0
  done
  rm -f "$part"
  # Uploaded parts cost money until the upload is aborted; without that permission, the bucket's rules have to do it.
  local why=$FAILURE
  [ -z "$id" ] || s3 DELETE "$place?uploadId=$(in_query "$id")" || :
  FAILURE=$why
  return 1
}

# over_ssh PLACE SCRIPT WORD…: runs the script on the host of ssh://USER@HOST[:PORT]/FOLDER; its $1 is the folder.
over_ssh() {
  local place=${1#ssh://} script=$2 who port=22 words='' one
  shift 2
  who=${place%%/*}
  case $who in *:*) port=${who##*:} who=${who%:*} ;; esac
  for one in "/${place#*/}" "$@"; do words+=" $(printf %q "$one")"; done
  ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=10 -o ServerAliveCountMax=3 -p "$port" "$who" \
    "sh -c $(printf %q "$script") k8sops$words"
}

# ssh_send PLACE NAME: writes stdin to the file NAME there, atomically.
ssh_send() {
  local sum said
  said=$(tee >(sha256sum | cut -c1-64 >"$FOLDER/.ssh-sum.part") | over_ssh "$1" \
    'umask 077; mkdir -p "$1" && cat >"$1/.$2.part" && sync "$1/.$2.part" && sha256sum <"$1/.$2.part"' "$2" 2>"$FOLDER/.ssh-error.part") || {
    refuse SSHFailed "cannot copy $2 to $1: $(tail -n 1 "$FOLDER/.ssh-error.part" | cut -c1-200)"; return 1; }
  wait "$SOURCE_PID" || { refuse ReadFailed "cannot read or encrypt the file to copy"; return 1; }
  # tee does not wait for its reader.
  until [ -s "$FOLDER/.ssh-sum.part" ]; do sleep 0.1; done
  sum=$(cat "$FOLDER/.ssh-sum.part")
  [ "${said%% *}" = "$sum" ] || { refuse SSHFailed "the copy of $2 at $1 differs from the original"; return 1; }
  over_ssh "$1" 'mv -f "$1/.$2.part" "$1/$2" && sync "$1"' "$2" </dev/null 2>"$FOLDER/.ssh-error.part" ||
    refuse SSHFailed "cannot store $2 at $1: $(tail -n 1 "$FOLDER/.ssh-error.part" | cut -c1-200)"
}

# send PLACE NAME: writes stdin to NAME there.
send() {
  local to=${1%/}
  case $to in
  s3://*) s3_send "${to#s3://}/$2" ;;
  ssh://*) ssh_send "$to" "$2" ;;
  *) refuse BadPlace "invalid backup target \`$1\`" ;;
  esac
}

# outgoing FILE: prints the file, encrypted if there is a recipient.
outgoing() { if [ -n "$ENCRYPT_TO" ]; then age -r "$ENCRYPT_TO" "$1"; else cat "$1"; fi; }

# copy STEM PLACE: copies the backup there, and records it in the manifest here. The caller holds the lock.
copy() {
  local code=0
  copying "$1" "$2" || code=1
  exec 6<&-
  rm -f "$FOLDER"/.s3-*.part "$FOLDER"/.ssh-*.part
  return $code
}

copying() {
  local stem=$1 to=$2 json="$FOLDER/$1.json" one end='' recipient=null
  is_stem "$stem" || return 1
  [ -f "$json" ] || { refuse Missing "no backup $stem in $FOLDER"; return 1; }
  umask 077
  FAILURE=
  if [ -n "$ENCRYPT_TO" ]; then
    type -P age >/dev/null || { refuse NoAge "age is not installed on this host"; return 1; }
    end=.age recipient=$(json "$ENCRYPT_TO")
  fi
  for one in db tar; do
    exec 6< <(outgoing "$FOLDER/$stem.$one" 2>/dev/null)
    SOURCE_PID=$!
    send "$to" "$stem.$one$end" <&6 || return 1
  done
  exec 6< <(sed "s/^  \"encryptedTo\": null/  \"encryptedTo\": $recipient/" "$json")
  SOURCE_PID=$!
  send "$to" "$stem.json" <&6 || return 1
  grep -qF "$(json "$to")" "$json" || {
    sed "s|^  \"copies\": \[\(..*\)\]|  \"copies\": [\1, $(json "$to")]|; s|^  \"copies\": \[\]|  \"copies\": [$(json "$to")]|" "$json" >"$FOLDER/.$stem.json.part" &&
      settled "$stem.json" && sync "$FOLDER" || { refuse Unwritable "cannot write the manifest of $stem"; return 1; }
  }
  echo "copied $stem to $to${ENCRYPT_TO:+, encrypted to $ENCRYPT_TO}"
}

# note STEM PLACE: updates the result of the drill in the manifest there.
note() {
  local json="$FOLDER/$1.json"
  FAILURE_OF_NOTE=$FAILURE
  if send_file "$2" "$json"; then FAILURE=$FAILURE_OF_NOTE; return 0; fi
  local why=$FAILURE
  FAILURE=$FAILURE_OF_NOTE FAILURE_OF_NOTE=$why
  return 1
}

# send_file PLACE FILE: copies the file there, under its own name.
send_file() {
  case $1 in
  *://*)
    exec 6< <(cat "$2")
    SOURCE_PID=$!
    send "$1" "${2##*/}" <&6 || { exec 6<&-; return 1; }
    exec 6<&- ;;
  *) cp "$2" "$1/.${2##*/}.part" && sync "$1/.${2##*/}.part" && mv -f "$1/.${2##*/}.part" "$1/${2##*/}" ||
    refuse Unwritable "cannot write to $1" ;;
  esac
}

# fetch PLACE NAME FOLDER: fetches the file NAME of PLACE into FOLDER, atomically.
fetch() {
  local from=${1%/} into="$3/.$2.part"
  case $from in
  s3://*) S3_INTO=$into s3 GET "${from#s3://}/$2" ;;
  ssh://*) over_ssh "$from" 'cat "$1/$2"' "$2" >"$into" </dev/null 2>"$FOLDER/.ssh-error.part" ||
    refuse SSHFailed "cannot fetch $2 from $from: $(tail -n 1 "$FOLDER/.ssh-error.part" | cut -c1-200)" ;;
  *) cat "$from/$2" >"$into" || refuse Missing "cannot read $from/$2" ;;
  esac && mv -f "$into" "$3/$2" || { rm -f "$into"; return 1; }
}

# names PLACE: the stems of the manifests there, one per line.
names() {
  local from=${1%/} prefix
  case $from in
  s3://*)
    prefix=${from#s3://}
    case $prefix in */*) prefix=${prefix#*/}/ ;; *) prefix= ;; esac
    from=${from#s3://}
    s3_listing "${from%%/*}" "$prefix" ;;
  ssh://*) over_ssh "$from" 'ls "$1"' </dev/null ;;
  *) ls "$from" ;;
  esac | sed -n 's|^.*/||; s/\.json$//p' | grep -xE "$STEM_PATTERN"
}

# s3_listing BUCKET PREFIX: the keys below it, a thousand at a time.
s3_listing() {
  local page after=''
  while :; do
    s3 GET "$1?list-type=2&prefix=$(in_query "$2")${after:+&start-after=$(in_query "$after")}" || return 1
    page=$(cat "$S3_BODY")
    grep -o '<Key>[^<]*</Key>' <<<"$page" | sed 's/<[^>]*>//g'
    grep -q '<IsTruncated>true' <<<"$page" || return 0
    after=$(grep -o '<Key>[^<]*</Key>' <<<"$page" | tail -n 1 | sed 's/<[^>]*>//g')
  done
}
