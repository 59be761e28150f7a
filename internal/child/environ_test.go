package child

import (
	"slices"
	"strings"
	"testing"
)

// given by role: the names of the variables that each kind of program gets of
// an environment that holds one of every kind.
func TestEnviron(t *testing.T) {
	var environ []string
	for name := range strings.FieldsSeq(`PATH HOME LANG LC_ALL XDG_CONFIG_HOME HCI_PASSPHRASE HCI_PASSPHRASE_FILE HCI_AGE_IDENTITY HCI_AGE_IDENTITY_FILE
		HCI_PASSPHRASE_PRODUCTION HCI_ENV MY_PASSPHRASE TF_VAR_db_password TF_LOG AWS_PROFILE AWS_ACCESS_KEY_ID
		AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN GIT_DIR GIT_SSH_COMMAND GIT_EXTERNAL_DIFF GIT_ASKPASS GIT_CONFIG_COUNT
		GIT_CONFIG_KEY_0 GIT_CONFIG_PARAMETERS GIT_CONFIG_GLOBAL DOCKER_HOST EDITOR DATABASE_URL OP_SESSION`) {
		environ = append(environ, name+"=s3cr3t")
	}
	const (
		all   = "PATH HOME LANG LC_ALL XDG_CONFIG_HOME HCI_ENV TF_VAR_db_password TF_LOG AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN GIT_DIR GIT_SSH_COMMAND GIT_EXTERNAL_DIFF GIT_ASKPASS GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_PARAMETERS GIT_CONFIG_GLOBAL DOCKER_HOST EDITOR DATABASE_URL OP_SESSION"
		noVar = "PATH HOME LANG LC_ALL XDG_CONFIG_HOME HCI_ENV TF_LOG AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN GIT_DIR GIT_SSH_COMMAND GIT_EXTERNAL_DIFF GIT_ASKPASS GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_PARAMETERS GIT_CONFIG_GLOBAL DOCKER_HOST EDITOR DATABASE_URL OP_SESSION"
		noAWS = "PATH HOME LANG LC_ALL XDG_CONFIG_HOME HCI_ENV TF_LOG AWS_PROFILE GIT_DIR GIT_SSH_COMMAND GIT_EXTERNAL_DIFF GIT_ASKPASS GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_PARAMETERS GIT_CONFIG_GLOBAL DOCKER_HOST EDITOR DATABASE_URL OP_SESSION"
		bare  = "PATH HOME LANG LC_ALL XDG_CONFIG_HOME"
	)
	for role, want := range map[Role]string{
		Terraform: all, EnvRun: all, ServeRun: all, Docker: noVar, PassphraseCommand: noVar, MigratePlan: noVar, SessionPlugin: noVar,
		Editor: noAWS, Notify: noAWS, Reaper: noAWS, Git: bare + " GIT_CONFIG_GLOBAL", "a new one": bare,
	} {
		var got []string
		for _, entry := range Environ(role, environ, "MY_PASSPHRASE") {
			name, value, _ := strings.Cut(entry, "=")
			if got = append(got, name); value != "s3cr3t" {
				t.Errorf("%s: %s was changed", role, name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s gets %q, want %q", role, got, want)
		}
		if slices.Contains(got, "MY_PASSPHRASE") || slices.ContainsFunc(got, func(n string) bool { return strings.HasPrefix(n, "HCI_PASSPHRASE") }) {
			t.Errorf("%s gets a passphrase", role)
		}
	}
}
