#!/usr/bin/env bash
# Builds a release for each target, signs it, and puts what has changed where it is served from.
#
#   release.sh [-n] [-k KEY] [-o FOLDER] VERSION [TARGET...]

set -Eeuo pipefail
shopt -s nullglob extglob

readonly root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly -a known=(x86_64-linux aarch64-linux 'x86_64-darwin' "aarch64-darwin")
declare -A seen=([none]="")
out="${OUT:-$root/dist}"
key=
dry=0
started=$SECONDS

log() { printf '%(%H:%M:%S)T %s\n' -1 "$*" >&2; }

die() {
  log "error: $1"
  exit "${2:-1}"
}

run() {
  if ((dry)); then
    printf '+ %q' "$1" && printf ' %q' "${@:2}" && echo
    return 0
  fi
  "$@"
}

usage() {
  cat <<-USAGE
	usage: ${0##*/} [-n] [-k KEY] [-o FOLDER] VERSION [TARGET...]
	  -n  say what would be done, and don't
	  -k  the key to sign with
	USAGE
  exit 64
}

cleanup() {
  local status=$?
  [[ -z ${scratch:-} ]] || rm -rf -- "$scratch"
  ((status == 0)) || log "failed after $((SECONDS - started)) s (line ${BASH_LINENO[0]:-?})"
}
trap cleanup EXIT
trap 'die "interrupted" 130' INT TERM

while getopts ':nk:o:h' option; do
  case $option in
    n) dry=1 ;;
    k) key=$OPTARG ;;
    o) out=${OPTARG%/} ;;
    h | \?) usage ;;
    *) die "-$OPTARG needs a value" 64 ;;
  esac
done
shift $((OPTIND - 1))
(($# >= 1)) || usage
version=${1#v}
shift
[[ $version =~ ^([0-9]+)\.([0-9]+)\.([0-9]+)(-(alpha|beta|rc)\.[0-9]+)?$ ]] || die "no version: '$version'"
targets=("${@:-${known[@]}}")

is_known() {
  local target
  for target in "${known[@]}"; do
    if [[ $target == "$1" ]]; then return 0; fi
  done
  return 1
}

build() {
  local target=$1 folder="$scratch/$1" name
  mkdir -p "$folder"
  name="app-$version-$target.tar.gz"
  log "building $name"
  run make -C "$root" TARGET="$target" DESTDIR="$folder" install > "$folder.log" 2>&1 || {
    tail -n 20 "$folder.log" | sed 's/^/    /' >&2
    return 1
  }
  run tar --sort=name --mtime="@${SOURCE_DATE_EPOCH:-0}" -czf "$out/$name" -C "$folder" .
  if [ -n "$key" ] && ! run gpg --batch --yes --local-user "$key" --detach-sign "$out/$name"; then
    die "cannot sign $name"
  fi
  (cd "$out" && sha256sum "$name" > "$name.sha256")
}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/release.XXXXXX")
mkdir -p "$out"
for target in "${targets[@]}"; do
  [[ -z ${seen[$target]:-} ]] || continue
  seen[$target]=1
  is_known "$target" || die "no such target: $target (one of: ${known[*]})"
  build "$target" &
  while (($(jobs -rp | wc -l) >= ${JOBS:-2})); do wait -n || exit; done
done
wait

{
  echo "# $version, $(date -u +%F)"
  for file in "$out"/app-"$version"-!(*.asc|*.sig|*.sha256); do
    size=$(stat -c %s "$file" 2>/dev/null || stat -f %z "$file")
    printf '%s  %10d  %s\n' "$(cut -d ' ' -f 1 "$file.sha256" || echo '?')" "$size" "${file##*/}"
  done | sort -k 3
} > "$out/SHA256SUMS.new"

until cmp -s "$out/SHA256SUMS.new" <(ssh "${HOST:-release}" "cat /srv/app/SHA256SUMS" 2>/dev/null); do
  run rsync -a --delay-updates "$out/" "${HOST:-release}:/srv/app/" && break
  ((++tries < 5)) || die "cannot reach ${HOST:-release}"
  sleep $((2 ** tries))
done
mv "$out/SHA256SUMS"{.new,}
log "done: ${#targets[@]} targets in $((SECONDS - started)) s"
