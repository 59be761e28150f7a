#!/bin/sh
# The first five minutes of the README, on a repository of the team's shape: an empty
# home, no configuration, no AWS. It prints what each command took, and fails if all
# took more than five minutes. Usage: firsthour.sh path/to/hci
set -eu

hci=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
# A python that has what the app imports, Django too if there is one.
python=
for wanted in boto3,dotenv,django boto3,dotenv; do
	for candidate in python3 /usr/bin/python3; do
		[ -n "$python" ] || { "$candidate" -c "import $wanted" 2>/dev/null && python=$(command -v "$candidate"); } || :
	done
done
[ -z "$python" ] || python=$("$python" -c 'import sys; print(sys.executable)') # not a wrapper that needs the home
PATH=$(dirname "$hci"):$PATH
HOME=$work/home
mkdir "$HOME"
HCI_PASSPHRASE=correct-horse
AWS_EC2_METADATA_DISABLED=true
export PATH HOME HCI_PASSPHRASE AWS_EC2_METADATA_DISABLED
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_REGION AWS_DEFAULT_REGION AWS_ENDPOINT_URL 2>/dev/null || :

# The repository: somebody else's, with secrets that openssl has sealed.
cp -R "$here/../firsthour" "$work/heron"
cd "$work/heron"
mv gitignore .gitignore
for env in staging production; do
	plain=infra/tfvars/${env}_secrets.tfvars
	cat >"$plain" <<VALUES
# the secrets of $env
heron_secret_key  = "k-$env-\$%&/()=?" # made by a generator
heron_db_password = "it's \"p w\" of $env"
VALUES
	if command -v openssl >/dev/null; then
		openssl enc -aes-256-cbc -pbkdf2 -salt -in "$plain" -out "$plain.enc" -pass env:HCI_PASSPHRASE
	else
		hci secrets encrypt "$env" 2>/dev/null
	fi
	rm "$plain"
done
git init -q .
git add -A
git -c user.name=demo -c user.email=demo@example.com -c commit.gpgsign=false commit -qm 'as it is today'

now() { date +%s; }
began=$(now)
# step CODE COMMAND...: runs it, and says how long it took.
step() {
	want=$1
	shift
	printf '$ %s\n' "$*"
	since=$(now)
	code=0
	"$@" || code=$?
	echo "(exit code $code, $(($(now) - since)) s)"
	[ "$code" -eq "$want" ] || { echo "first hour: expected exit code $want" >&2; exit 1; }
}
step 0 hci doctor --offline
step 0 hci init --dry-run
step 0 hci secrets verify
step 0 hci map staging
step 0 hci env export --local -o .env
step 0 hci env check
if [ -n "$python" ]; then
	step 0 hci secrets serve staging --local -- "$python" app.py
else
	echo "No python3 with boto3 and python-dotenv here: with one, the app would start now."
fi
# The first diff. In real life it is against AWS; here 'serve' stands in for it.
printf '%s\n' "$HCI_PASSPHRASE" >"$HOME/passphrase" # what 'serve' starts gets none of hci's variables
step 0 hci secrets serve staging -- hci secrets diff staging --passphrase-from "file:$HOME/passphrase"
took=$(($(now) - began))
echo "The first diff after $took s of commands."
[ "$took" -lt 300 ]
