#!/bin/sh
# Writes a .env file for each reader that is installed, reads it with that one and
# compares every value with the one in hci's JSON. Usage: readers.sh JSON ENV
set -eu
json=$1 env=$2
failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# compare READER FORMAT: the function value_READER prints the value of $1, of the
# file in the format.
compare() {
	reader=$1 same=0 all=0 file=$tmp/$2.env
	hci env export "$env" --format "$2" >"$file" 2>/dev/null
	! command -v "ready_$reader" >/dev/null || "ready_$reader"
	for key in $keys; do
		all=$((all + 1))
		want "$key" >"$tmp/want"
		"value_$reader" "$key" >"$tmp/got"
		if cmp -s "$tmp/want" "$tmp/got"; then
			same=$((same + 1))
		else
			echo "  $reader: $key differs" >&2
			failed=1
		fi
	done
	echo "  $reader: $same of $all values alike"
}
absent() { echo "  $1: not installed here, not compared"; }

value_bash() { bash -c 'set -a; . "$1"; printf %s "${!2}"' bash "$file" "$1"; }
value_sh() { sh -c '. "$1"; eval "printf %s \"\$$2\""' sh "$file" "$1"; }
value_python() { "$python" -c 'import sys, dotenv; sys.stdout.write(dotenv.dotenv_values(sys.argv[1])[sys.argv[2]])' "$file" "$1"; }
value_node() { node --env-file="$file" -e 'process.stdout.write(process.env[process.argv[1]])' "$1"; }
value_compose() { "$python" -c 'import json, sys; sys.stdout.write(json.load(open(sys.argv[1]))["services"]["app"]["environment"][sys.argv[2]].replace("$$", "$"))' "$tmp/compose.json" "$1"; }

ready_compose() {
	printf 'services:\n  app:\n    image: scratch\n    env_file: [%s]\n' "$file" >"$tmp/compose.yaml"
	docker compose -f "$tmp/compose.yaml" config --format json >"$tmp/compose.json"
}

# want KEY prints its value in the JSON; keys are all of them.
if command -v python3 >/dev/null; then
	want() { python3 -c 'import json, sys; sys.stdout.write(json.load(open(sys.argv[1]))[sys.argv[2]])' "$json" "$1"; }
	keys=$(python3 -c 'import json, sys; print(*json.load(open(sys.argv[1])))' "$json")
elif command -v node >/dev/null; then
	want() { node -e 'process.stdout.write(JSON.parse(require("fs").readFileSync(process.argv[1]))[process.argv[2]])' "$json" "$1"; }
	keys=$(node -e 'console.log(Object.keys(JSON.parse(require("fs").readFileSync(process.argv[1]))).join(" "))' "$json")
else
	echo "  neither python3 nor node is here to read the JSON with: nothing was compared"
	exit 0
fi

compare sh sh
if command -v bash >/dev/null; then compare bash sh; else absent bash; fi
python=
for p in python3 /usr/bin/python3; do
	if "$p" -c 'import dotenv' 2>/dev/null; then python=$p; break; fi
done
if [ -n "$python" ]; then compare python python; else absent python-dotenv; fi
if node --env-file=/dev/null -e 0 2>/dev/null; then compare node node; else absent node; fi
if [ -n "$python" ] && docker compose version >/dev/null 2>&1; then compare compose compose; else absent "docker compose"; fi

# docker run makes quotes part of a value, so it has a format of its own. The
# image is made here, of nothing but a program that prints a variable.
if docker info >/dev/null 2>&1 && command -v go >/dev/null; then
	mkdir "$tmp/image"
	cat >"$tmp/image/main.go" <<'GO'
package main

import "os"

func main() { os.Stdout.WriteString(os.Getenv(os.Args[1])) }
GO
	printf 'FROM scratch\nCOPY print /print\nENTRYPOINT ["/print"]\n' >"$tmp/image/Dockerfile"
	CGO_ENABLED=0 go build -o "$tmp/image/print" "$tmp/image/main.go"
	image=$(docker build -q "$tmp/image" 2>/dev/null)
	value_docker() { docker run --rm --network none --env-file "$tmp/docker.env" "$image" "$1"; }
	compare docker docker
	docker rmi -f "$image" >/dev/null 2>&1 || :
else
	absent "docker run (no engine answers)"
fi
exit "$failed"
