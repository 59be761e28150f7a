#!/usr/bin/env bash
# Writes the vectors of this directory with the real openssl (3.0 or newer), and
# vectors.json, which says of each what it is and what reading it must yield.
# The bytes are the same on every run: salts are fixed with -S. OpenSSL 3 then
# leaves the header out, so it is put in front here, as OpenSSL 1.1 does itself.
#
#   generate.sh [DIRECTORY]     default: the directory of this script
set -euo pipefail
export LC_ALL=C

out=${1:-$(cd "$(dirname "$0")" && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
rm -f "$out"/*.enc
exec 3>"$work/records"

# --- inputs -----------------------------------------------------------------

salt=0102030405060708
pass='correct horse battery staple'
cat >"$work/plain" <<'EOF'
# Values of no use to anybody.
django_secret_key = "not-a-secret-0123456789-abcdefghij"
db_password       = "pässwörd with ünïcode"
EOF
plain=$work/plain

# --- building blocks --------------------------------------------------------

hex() { od -An -v -tx1 | tr -d ' \n'; }
unhex() {
  local h=$1 i
  for ((i = 0; i < ${#h}; i += 2)); do printf "\\x${h:i:2}"; done
}

# encrypt PLAIN ARGS... : ciphertext without header; the passphrase is $pass.
encrypt() {
  local in=$1
  shift
  PASS=$pass openssl enc -aes-256-cbc -pass env:PASS "$@" -in "$in" 2>/dev/null
}

# salted PLAIN SALT ARGS... : a whole file with header.
salted() {
  local in=$1 s=$2
  shift 2
  printf 'Salted__'
  unhex "$s"
  encrypt "$in" -S "$s" "$@"
}

a() { openssl base64; }
A() { openssl base64 -A; }

# flip OFFSET MASK : standard input with bits of one byte changed.
flip() {
  local h at
  h=$(hex)
  at=$((2 * $1))
  unhex "${h:0:at}$(printf '%02x' $((0x${h:at:2} ^ $2)))${h:at+2}"
}

kdf() { # kdf LENGTH DIGEST ITERATIONS SALTHEX : hex
  openssl kdf -keylen "$1" -kdfopt "digest:$2" -kdfopt "pass:$pass" \
    -kdfopt "hexsalt:$4" -kdfopt "iter:$3" PBKDF2 | tr -d ':\n' | tr A-F a-f
}

# content_salt PLAIN LENGTH MAC_ITERATIONS PARAMS : the salt that hci seals
# with, by the definition in the doc of package crypto.
content_salt() {
  local key
  key=$(kdf 32 SHA256 "$3" "$(printf 'hci/crypto content-derived salt, version 1' | hex)")
  { printf '%s\0' "$4" && cat "$1"; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | hex | cut -c "1-$((2 * $2))"
}

# vector NAME EXPECT FOUND KDF DIGEST ITERATIONS PLAIN ABOUT : takes the file
# from standard input. EXPECT is what reading with the declared parameters
# yields, FOUND what it yields without ("=" : the same). $extra adds members to
# the parameters.
extra=
vector() {
  local name=$1 expect=$2 found=$3 kdf=$4 digest=$5 iterations=$6 in=$7 about=$8
  [ "$found" = = ] && found=$expect
  cat >"$out/$name.enc"
  {
    printf '  {\n    "name": "%s",\n    "about": "%s",\n' "$name" "$about"
    printf '    "passphrase": "%s",\n' "$pass"
    printf '    "params": {"kdf": "%s", "digest": "%s", "iterations": %s%s},\n' \
      "$kdf" "$digest" "$iterations" "${extra:+, $extra}"
    if [ "$in" != - ]; then
      printf '    "plaintext": {"size": %s, "sha256": "%s"},\n' \
        "$(wc -c <"$in" | tr -d ' ')" "$(openssl dgst -sha256 -binary <"$in" | hex)"
    fi
    printf '    "declared": "%s",\n    "found": "%s"\n  },\n' "$expect" "$found"
  } >&3
}

base=(-pbkdf2 -iter 10000 -md sha256)
basefile() { salted "$plain" $salt "${base[@]}"; }
# like NAME EXPECT FOUND ABOUT : a vector with the base parameters.
like() { vector "$1" "$2" "$3" pbkdf2 sha256 10000 "$plain" "$4"; }
# no NAME EXPECT ABOUT : the same for what does not open.
no() { vector "$1" "$2" = pbkdf2 sha256 10000 - "$3"; }

# --- parameters -------------------------------------------------------------

basefile | like base opens = 'openssl enc -pbkdf2 as it is without further options'
for md in md5 sha1 sha384 sha512; do
  salted "$plain" $salt -pbkdf2 -iter 10000 -md $md |
    vector "pbkdf2-$md" opens = pbkdf2 $md 10000 "$plain" "-md $md"
done
for n in 1 1000 100000 600000; do
  salted "$plain" $salt -pbkdf2 -iter $n -md sha256 |
    vector "pbkdf2-iter-$n" opens = pbkdf2 sha256 $n "$plain" "-iter $n"
done
salted "$plain" $salt -pbkdf2 -iter 12345 -md sha256 |
  vector pbkdf2-iter-12345 opens wrong pbkdf2 sha256 12345 "$plain" 'iterations that nobody guesses'
for md in md5 sha1 sha256 sha384 sha512; do
  salted "$plain" $salt -md $md |
    vector "bytestokey-$md" opens = EVP_BytesToKey $md 1 "$plain" "without -pbkdf2, -md $md"
done

# --- salt and header --------------------------------------------------------

extra='"nosalt": true'
encrypt "$plain" "${base[@]}" -nosalt | like nosalt opens = '-nosalt'
encrypt "$plain" -md md5 -nosalt |
  vector nosalt-bytestokey opens = EVP_BytesToKey md5 1 "$plain" '-nosalt without -pbkdf2'
encrypt "$plain" "${base[@]}" -nosalt >"$work/nosalt"
head -c 40 "$work/nosalt" | vector nosalt-truncated truncated notopenssl pbkdf2 sha256 10000 - \
  '-nosalt, cut inside a block: without header only a declaration tells what it is'
extra='"nosalt": true, "encoding": "base64"'
a <"$work/nosalt" | like nosalt-base64 opens = '-nosalt -a'
extra="\"salt\": \"$salt\""
encrypt "$plain" "${base[@]}" -S $salt | like salt-outside opens wrong '-S HEX with OpenSSL 3: no header'
long=000102030405060708090a0b0c0d0e0f
keyiv=$(kdf 48 SHA256 10000 $long)
extra='"saltlen": 16'
{
  printf 'Salted__'
  unhex $long
  openssl enc -aes-256-cbc -K "${keyiv:0:64}" -iv "${keyiv:64:32}" -in "$plain"
} | like saltlen-16 opens truncated '-saltlen 16 of OpenSSL 3.2: undeclared it looks truncated'
extra=

# --- encodings --------------------------------------------------------------

extra='"encoding": "base64"'
basefile | a | like base64 opens = '-a'
basefile | a | sed "s/\$/$(printf '\r')/" | like base64-crlf opens = '-a, lines ended by CRLF'
basefile | a >"$work/base.b64"
printf %s "$(cat "$work/base.b64")" | like base64-unended opens = '-a without the last newline'
printf 'fifteen bytes.\n' >"$work/short"
salted "$work/short" $salt "${base[@]}" | a |
  vector base64-short opens = pbkdf2 sha256 10000 "$work/short" '-a, a single line'
printf 'x = "0123456789012345"\n' >"$work/full"
salted "$work/full" $salt "${base[@]}" | a |
  vector base64-full-line opens = pbkdf2 sha256 10000 "$work/full" '-a, a single line of 64 columns without padding'
extra='"encoding": "base64line"'
basefile | A | like base64line opens = '-a -A'
{ basefile | A && echo; } | like base64line-ended opens = '-a -A and a newline, as editors add one'
salted "$work/short" $salt "${base[@]}" | A |
  vector base64line-short opens = pbkdf2 sha256 10000 "$work/short" '-a -A, shorter than a line of -a'
extra=

# --- plaintexts and passphrases ---------------------------------------------

for n in 0 1 15 16 17 31 32 33; do
  printf '%.*s' $n 'a = "012345678901234567890123456789"' >"$work/len"
  salted "$work/len" $salt "${base[@]}" |
    vector "length-$n" opens = pbkdf2 sha256 10000 "$work/len" "a plaintext of $n bytes"
done
for ((i = 0; i < 256; i++)); do unhex "$(printf %02x $i)"; done >"$work/bytes"
salted "$work/bytes" $salt "${base[@]}" |
  vector not-text wrong = pbkdf2 sha256 10000 "$work/bytes" 'a plaintext that is no UTF-8 is not accepted without a Check'
base_pass=$pass
pass=
basefile | like passphrase-empty opens = 'an empty passphrase'
pass='   '
basefile | like passphrase-spaces opens = 'a passphrase of spaces'
pass='trailing  '
basefile | like passphrase-trailing opens = 'a passphrase that ends in spaces'
pass='pässphräse – ключ 鍵 🔑'
basefile | like passphrase-utf8 opens = 'a passphrase in UTF-8'
pass=$(printf '0123456789%.0s' {1..50})
basefile | like passphrase-500 opens = 'a passphrase of 500 bytes, hashed by HMAC as it exceeds the block'
pass=$base_pass

# --- sealed as hci does: the salt is an HMAC of the content -----------------

authentic() { # authentic NAME KDF DIGEST ITERATIONS MAC_ITERATIONS PLAIN ABOUT ENCODER
  local args=(-md "$3")
  [ "$2" = pbkdf2 ] && args+=(-pbkdf2 -iter "$4")
  salted "$6" "$(content_salt "$6" 8 "$5" "$2 $3 $4 8")" "${args[@]}" | ${8:-cat} |
    vector "$1" authentic = "$2" "$3" "$4" "$6" "$7"
}
: >"$work/empty"
authentic authentic pbkdf2 sha256 10000 10000 "$plain" 'salt derived from the content'
authentic authentic-default pbkdf2 sha256 600000 600000 "$plain" 'salt derived from the content, default parameters'
authentic authentic-sha512 pbkdf2 sha512 10000 10000 "$plain" 'salt derived from the content, -md sha512'
authentic authentic-bytestokey EVP_BytesToKey md5 1 10000 "$plain" 'salt derived from the content, without -pbkdf2'
authentic authentic-empty pbkdf2 sha256 10000 10000 "$work/empty" 'salt derived from no content'
authentic authentic-bytes pbkdf2 sha256 10000 10000 "$work/bytes" 'authentic, so accepted though it is no UTF-8'
extra='"encoding": "base64"'
authentic authentic-base64 pbkdf2 sha256 10000 10000 "$plain" 'salt derived from the content, -a' a
extra='"saltlen": 16'
s=$(content_salt "$plain" 16 10000 'pbkdf2 sha256 10000 16')
keyiv=$(kdf 48 SHA256 10000 "$s")
{
  printf 'Salted__'
  unhex "$s"
  openssl enc -aes-256-cbc -K "${keyiv:0:64}" -iv "${keyiv:64:32}" -in "$plain"
} | like authentic-saltlen-16 authentic truncated 'salt of 16 bytes derived from the content'
extra=
salted "$plain" "$(content_salt "$plain" 8 10000 'pbkdf2 sha256 10001 8')" "${base[@]}" |
  like forged-params opens = 'the salt was derived for another iteration count: not authentic'

# --- what must not open -----------------------------------------------------

# Files, as a writer whose reader leaves early is killed.
basefile >"$work/base"
a <"$work/base" >"$work/base.b64"

pass='wrong horse'
no wrong-passphrase wrong 'another passphrase' <"$work/base"
pass=$base_pass
basefile | flip 20 1 | no altered-first-block wrong 'a bit of the first block'
basefile | flip 100 0x80 | no altered-middle wrong 'a bit in the middle'
basefile | flip 8 1 | no altered-salt wrong 'a bit of the salt'
basefile | flip 0 1 | no altered-magic wrong 'a bit of the magic'
basefile | flip 7 0x80 | no altered-magic-end wrong 'the last bit of the magic'
basefile | a | flip 3 0x20 | no altered-base64-magic wrong 'a bit of the magic in base64'
basefile | a | flip 90 0x80 | no base64-stray-byte wrong 'a byte outside of base64'
basefile | a | tr '+/' '-_' | no base64-url wrong 'the alphabet of base64url'
basefile | a | sed 's/^\(..........\)/\1 /' | no base64-blank wrong 'blanks inside of lines'
{ basefile | a && echo; } | no base64-blank-line wrong 'a blank line at the end'
basefile | a | fold -w 60 | no base64-60-columns wrong 'lines of 60 columns'
salted "$work/short" $salt "${base[@]}" | A | tr -d '\n' | flip 42 3 | no base64-trailing-bits wrong \
  'bits behind the last byte, which a lenient reader drops'
salted "$work/short" $salt "${base[@]}" | A | tr -d '=' | no base64-no-padding truncated 'base64 without its padding'
head -c 112 "$work/base" | no cut-at-block wrong 'cut between two blocks: the padding is wrong'
{ basefile && printf '\n'; } | no appended-newline truncated 'a byte too many: no whole blocks'
encrypt "$plain" "${base[@]}" -aes-128-cbc -S $salt | { printf 'Salted__' && unhex $salt && cat; } |
  no other-cipher wrong '-aes-128-cbc'

printf '' | no empty truncated 'an empty file'
head -c 5 "$work/base" | no cut-in-magic truncated 'a part of the magic'
head -c 8 "$work/base" | no cut-after-magic truncated 'the magic and nothing else'
head -c 12 "$work/base" | no cut-in-salt truncated 'a part of the salt'
head -c 16 "$work/base" | no cut-after-salt truncated 'no block'
head -c 41 "$work/base" | no cut-in-block truncated 'a part of a block'
head -c 6 "$work/base.b64" | no base64-cut-in-magic truncated 'a part of the magic in base64'
head -c 12 "$work/base.b64" | no base64-cut-after-magic truncated 'base64 of the magic and a part of the salt'
head -c 65 "$work/base.b64" | no base64-cut-after-line wrong 'the first line of base64, which holds whole blocks'
head -c 99 "$work/base.b64" | no base64-cut-in-line truncated 'a part of a line of base64'

head -c 112 "$plain" | no plaintext notopenssl 'what is not encrypted at all, of a length that could be'
printf -- '-----BEGIN PGP MESSAGE-----\n\nhQEMA0000000000000\n' | no pgp notopenssl 'a message of another program'
printf 'age-encryption.org/v1\n-> X25519 AAAA\n' | no age notopenssl 'a file of age'
printf '\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00' |
  no gzip notopenssl 'bytes that are no whole blocks'

{ echo '[' && sed '$ s/,$//' "$work/records" && echo ']'; } >"$out/vectors.json"
