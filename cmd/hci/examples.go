package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// examples are those of commands that have none beside their own text.
var examples = map[string][]string{
	"check":             {"hci check", "hci check production --json", "hci check --format sarif > hci.sarif"},
	"completion":        {"hci completion zsh > ~/.zfunc/_hci"},
	"deploy":            {"hci deploy staging", "hci deploy staging --dry-run", "hci deploy production --yes --steps build,push,update"},
	"deploy build":      {"hci deploy build staging"},
	"deploy history":    {"hci deploy history production", "hci deploy history production --json"},
	"deploy login":      {"hci deploy login staging"},
	"deploy logs":       {"hci deploy logs staging --follow"},
	"deploy migrate":    {"hci deploy migrate staging"},
	"deploy push":       {"hci deploy push staging"},
	"deploy rollback":   {"hci deploy rollback production"},
	"deploy shell":      {"hci deploy shell staging", "hci deploy shell staging --service worker -- python manage.py shell"},
	"deploy status":     {"hci deploy status production", "hci deploy status production --json"},
	"deploy task":       {"hci deploy task staging create_admin"},
	"deploy update":     {"hci deploy update staging", "hci deploy update staging --restart   # tasks take new values of secrets"},
	"doctor":            {"hci doctor"},
	"env explain":       {"hci env explain DATABASE_HOST", "hci env explain production DATABASE_HOST --json"},
	"git install":       {"hci git install"},
	"git uninstall":     {"hci git uninstall"},
	"init":              {"hci init --dry-run", "hci init"},
	"passphrase change": {"hci passphrase change staging"},
	"passphrase forget": {"hci passphrase forget staging"},
	"passphrase save":   {"hci passphrase save staging"},
	"passphrase show":   {"hci passphrase show staging"},
	"secrets decrypt":   {"hci secrets decrypt staging"},
	"secrets diff":      {"hci secrets diff staging", "hci secrets diff staging --with production", "hci secrets diff staging --rev HEAD~3..HEAD", "hci secrets diff production --json   # exit code 2: something differs"},
	"secrets edit":      {"hci secrets edit staging", "EDITOR='code --wait' hci secrets edit staging"},
	"secrets encrypt":   {"hci secrets encrypt staging"},
	"secrets get":       {"hci secrets get staging db_password"},
	"secrets list":      {"hci secrets list staging"},
	"secrets openssl":   {"hci secrets openssl staging"},
	"secrets pull":      {"hci secrets pull staging --dry-run", "hci secrets pull staging"},
	"secrets push":      {"hci secrets push staging --dry-run", "hci secrets push staging"},
	"secrets rekey":     {"hci secrets rekey staging", "hci secrets rekey staging --keep-passphrase --iterations 600000"},
	"secrets repair":    {"hci secrets repair staging --dry-run"},
	"secrets rename":    {"hci secrets rename staging db_pass db_password"},
	"secrets rollback":  {"hci secrets rollback production db_password"},
	"secrets set":       {"hci secrets set staging db_password", "hci secrets set staging tls_key --from-file key.pem"},
	"secrets status":    {"hci secrets status"},
	"secrets unset":     {"hci secrets unset staging old_token"},
	"secrets verify":    {"hci secrets verify", "hci secrets verify production --json"},
	"team list":         {"hci team list"},
	"team log":          {"hci team log", "hci team log --strict   # in CI, exit code 2: a commit that no member signed"},
	"team offboarding":  {"hci team offboarding"},
	"team remove":       {"hci team remove NAME"},
	"team request":      {"hci team request NAME staging"},
	"trust":             {"hci trust"},
	"version":           {"hci version", "hci version --json"},
	"secrets serve":     {"hci secrets serve staging -- python manage.py runserver"},
	"secrets merge":     {"hci secrets merge staging"},
	"secrets log":       {"hci secrets log staging"},
	"secrets age":       {"hci secrets age production"},
	"git guard":         {"hci git guard"},
	"team init":         {"hci team init staging"},
	"team add":          {"hci team add staging NAME"},
	"passphrase":        {"hci passphrase save staging"},
	"tf":                {"hci tf staging plan"},
	"env export":        {"hci env export -o .env"},
	"env run":           {"hci env run -- npm start"},
	"env check":         {"hci env check"},
	"env import":        {"hci env import .env"},
	"env docker":        {"hci env docker -- --rm web"},
}

// addExamples gives an example to every command without one.
func addExamples(cmd *cobra.Command) {
	if cmd.Example == "" {
		if lines := examples[commandName(cmd)]; len(lines) > 0 {
			cmd.Example = "  " + strings.Join(lines, "\n  ")
		}
	}
	for _, child := range cmd.Commands() {
		addExamples(child)
	}
}
