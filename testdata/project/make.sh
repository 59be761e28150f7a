#!/bin/sh
# Seals the secrets of this sample project with the real openssl, or prints
# what is sealed. Every value is made up. Usage:
#
#   ./make.sh                  write infra/tfvars/ENV_secrets.tfvars.enc
#   ./make.sh plaintext ENV    print the content of one
#
# Staging's values are hostile, but the universal .env dialect can carry them
# all; production also has what it can't: a newline, and a value with both
# kinds of quotes.
set -eu
cd "$(dirname "$0")"

plaintext() {
	case $1 in
	staging)
		cat <<'STAGING'
# Secrets of staging. Edit with: hci secrets edit staging

# -- Django ------------------------------------------------------------
hci_django_secret_key = "fake0staging0_-./:@%+,=0123456789abcdefghij"
hci_admin_password    = "It's a fake #1 password" # a quote, a hash, spaces

# -- Postgres ----------------------------------------------------------
hci_rds_password = "fa$ke\"pass\\word #5" // $, a double quote, a backslash

# -- Services ----------------------------------------------------------
hci_jwt_signing_key = "fake-staging-symmetric-key"
hci_smtp_password   = "  fake, with `spaces` at both ends  "
hci_sentry_dsn      = "https://fake0public0key@o0.ingest.sentry.example/42"
hci_stripe_api_key  = "sk_test_fake_$(id)_%%{not_a_directive}"

hci_oauth_client = {
  client_id     = "fake-staging.apps.example"
  client_secret = "fake $ecret # übung"
}
STAGING
		;;
	production)
		cat <<'PRODUCTION'
# Secrets of production. Edit with: hci secrets edit production

# -- Django ------------------------------------------------------------
hci_django_secret_key = "fake!production$key#with\\every\"kind'of`sign&more*"
hci_admin_password    = "fake $HOME isn't \"expanded\" \\ $(nor run)"

# -- Postgres ----------------------------------------------------------
hci_rds_password = "fake-production-'single'-and-\"double\""

# -- Services ----------------------------------------------------------
hci_jwt_signing_key = <<-PEM
  -----BEGIN FAKE PRIVATE KEY-----
  dGhpcyBpcyBub3QgYSBrZXksIG9ubHkgYSBzYW1wbGU=
  bm90aGluZyBpcyBzaWduZWQgd2l0aCBpdA==
  -----END FAKE PRIVATE KEY-----
PEM
hci_smtp_password   = "fake\ttab and ünïcödé ✓"
hci_sentry_dsn      = "https://fake1public1key@o0.ingest.sentry.example/43"
hci_stripe_api_key  = "sk_live_fake_%%{not_a_directive}_$${nor_a_reference}"

hci_oauth_client = {
  client_id     = "fake-production.apps.example"
  client_secret = "fake <production> & \"quoted\" \\ secret"
  scopes        = ["openid", "email", "profile"]
}
PRODUCTION
		;;
	*)
		echo "make.sh: no environment $1" >&2
		exit 1
		;;
	esac
}

seal() {
	plaintext "$1" | PASSPHRASE='correct horse battery staple' \
		openssl enc -aes-256-cbc -pbkdf2 -salt -pass env:PASSPHRASE \
		-out "infra/tfvars/$1_secrets.tfvars.enc"
}

case ${1-seal} in
plaintext) plaintext "${2-}" ;;
seal)
	seal staging
	seal production
	;;
*)
	echo "usage: make.sh [plaintext ENV]" >&2
	exit 1
	;;
esac
