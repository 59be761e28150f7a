#!/bin/sh
# The main job, end to end, on a copy of the sample project. Offline: the
# Secrets Manager is the embedded one. Usage: demo.sh path/to/hci
set -eu

hci=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
PATH=$(dirname "$hci"):$PATH
# An empty home, but for Docker's contexts and Go's cache.
DOCKER_CONFIG=${DOCKER_CONFIG:-${HOME:-/}/.docker}
GOCACHE=$(go env GOCACHE)
GOMODCACHE=$(go env GOMODCACHE)
HOME=$work/home
# The sample's passphrase is public; everything sealed with it is made up.
HCI_PASSPHRASE='correct horse battery staple'
AWS_EC2_METADATA_DISABLED=true
export PATH HOME DOCKER_CONFIG GOCACHE GOMODCACHE HCI_PASSPHRASE AWS_EC2_METADATA_DISABLED
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ENDPOINT_URL 2>/dev/null || :

say() { printf '\n# %s\n' "$*"; }
show() {
	printf '$ %s\n' "$*"
	"$@"
}
# expect CODE COMMAND...: the exit code is part of what is shown.
expect() {
	want=$1
	shift
	printf '$ %s\n' "$*"
	code=0
	"$@" || code=$?
	echo "(exit code $code)"
	[ "$code" -eq "$want" ] || { echo "demo: expected exit code $want" >&2; exit 1; }
}

if [ "${2-}" = inside ]; then # run by "hci secrets serve", see below
	cd "$3"
	say "Terraform has made the secrets; none has a value yet:"
	expect 2 hci secrets diff staging
	say "Push what differs, then compare again:"
	expect 0 hci secrets push staging --yes
	expect 0 hci secrets diff staging
	if command -v aws >/dev/null; then
		say "The AWS CLI reads what was pushed:"
		show aws secretsmanager get-secret-value --secret-id hci_jwt_signing_key_staging --query SecretString --output text
	fi
	mate=$work/mate
	cp -R "$3" "$mate"
	# What the teammate types is not shown: a value stands in it.
	printf 'fake-by-a-teammate' | hci -C "$mate" secrets set staging hci_rds_password 2>/dev/null
	hci -C "$mate" secrets push staging --yes >/dev/null 2>&1
	say "Drift: a teammate pushed another database password. Bring it into our file:"
	expect 2 hci secrets diff staging
	expect 0 hci secrets pull staging --yes
	expect 0 hci secrets diff staging
	say "Conflict: we plan a change, the teammate writes first. Theirs stays:"
	printf 'fake-of-ours' | hci secrets set staging hci_rds_password 2>/dev/null
	expect 0 hci secrets push staging --dry-run --plan push.json
	printf 'fake-by-a-teammate-again' | hci -C "$mate" secrets set staging hci_rds_password 2>/dev/null
	hci -C "$mate" secrets push staging --yes >/dev/null 2>&1
	expect 5 hci secrets push --plan push.json
	say "Rollback: their change was wrong; return to the value before it:"
	expect 0 hci secrets rollback staging hci_rds_password_staging --yes
	expect 0 hci secrets pull staging --yes
	say "All environments at a glance; production was never made here:"
	expect 2 hci secrets status
	exit 0
fi

mkdir -p "$HOME"
cp -R "$here/../project" "$work/project"
cd "$work/project"
git init -q . 2>/dev/null || :

if command -v openssl >/dev/null; then
	say "Seal the sample's secrets with $(openssl version | cut -d' ' -f1,2):"
	show sh ./make.sh
else
	say "No openssl here: these files were sealed by it when the sample was made."
fi

say "Open them with hci: what state are they in, and which names do they hold?"
expect 0 hci secrets verify
show hci secrets list staging
say "One value, from memory; no plaintext touches the disk:"
show hci secrets get staging hci_jwt_signing_key
echo

show hci secrets serve staging --empty -- sh "$here/demo.sh" "$hci" inside "$PWD"

say "The same values as a .env file, for what the project's packages name:"
show hci env export staging -o .env
printf '$ cat .env\n'
cat .env

say "Every reader that is installed here sees the same values, each in a file of its own:"
hci env export staging --format json >"$work/want.json"
sh "$here/readers.sh" "$work/want.json" staging
if docker version >/dev/null 2>&1; then
	say "A deployment, rehearsed: the real Docker, and an AWS of hci's own. (The image is of"
	echo "# a small stand-in for the app: there is no network here to fetch a base image from.)"
	cp "$here/app/Dockerfile" Dockerfile
	(cd "$here/../.." && CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o "$work/project/app-bin" ./testdata/demo/app)
	git add -A
	git -c user.name=demo -c user.email=demo@example.com -c commit.gpgsign=false commit -qm 'the demo'
	expect 0 hci deploy staging --rehearse --yes
	say "And one whose tasks stop again and again: it is rolled back, and never called deployed:"
	expect 1 hci deploy staging --rehearse --scenario crash-loop --yes
else
	say "No Docker Engine answers here: with one, a deployment would be rehearsed now."
fi

if command -v git >/dev/null; then
	git() { command git -c user.name=demo -c user.email=demo@example.com -c commit.gpgsign=false -c init.defaultBranch=main "$@"; }
	say "Git shows and merges sealed files by name. Two branches each set another one:"
	rm -f make.sh # it has the made-up values in the clear, which the guard would stop
	show hci git install
	git add -A && git commit -qm 'the demo'
	git checkout -qb other
	printf 'fake-other' | hci secrets set staging hci_stripe_api_key 2>/dev/null
	git commit -qam 'other: the payment key'
	git checkout -q -
	printf 'fake-mine' | hci secrets set staging hci_smtp_password 2>/dev/null
	git commit -qam 'mine: the mail password'
	show git show --format=%s -U0
	expect 0 git merge -q -m 'both' other
	show hci secrets log staging
	say "The guard stops a commit that would publish a value:"
	printf 'the mail password is fake-mine-of-staging\n' >notes.md
	printf 'fake-mine-of-staging' | hci secrets set staging hci_smtp_password 2>/dev/null
	git add notes.md
	expect 2 hci git guard
	git rm -qf --cached notes.md && rm notes.md
	git commit -qam 'mail password'
	say "The team: passphrases in the repository, encrypted to each member's own key."
	(cd "$here/../.." && go run ./testdata/demo/agekey "$work/alice" "$work/bob")
	HCI_AGE_IDENTITY_FILE=$work/alice
	export HCI_AGE_IDENTITY_FILE
	expect 0 hci team init staging --name alice --key "$work/alice.pub"
	expect 0 hci team add bob --key "$work/bob.pub" staging
	unset HCI_PASSPHRASE
	git add -A && git commit -qm 'a team'
	say "Bob leaves. What he has seen, and what is the same today:"
	expect 0 hci team remove bob
	git add -A && git commit -qm 'bob left'
	expect 2 hci team offboarding
fi

say "Done. Your own repository: cd there and type 'hci secrets verify'."

say "The first hour on another repository: no configuration, no AWS, and the app starts."
sh "$here/firsthour.sh" "$hci"
