package child

import (
	"runtime"
	"slices"
	"strings"
)

// Role is what a program that hci starts is there for. It decides what the
// program gets of hci's environment.
type Role string

// The programs that hci starts.
const (
	Git               Role = "git"
	Terraform         Role = "terraform"
	Docker            Role = "docker"
	SessionPlugin     Role = "session-manager-plugin"
	Editor            Role = "editor"
	Pager             Role = "pager"
	PassphraseCommand Role = "passphrase_command"
	EnvRun            Role = "env run"      // "hci env run -- CMD"
	ServeRun          Role = "serve"        // "hci secrets serve ENV -- CMD"
	Reaper            Role = "reaper"       // hci itself, once more
	Notify            Role = "notification" // a command that hci.hcl names, to be told something
	MigratePlan       Role = "migrate_plan_command"
)

// The variables that open sealed files, and those that only Terraform reads.
// HCI_PASSPHRASE_FILE is one of the former: it says where a passphrase lies.
const (
	passphraseVar    = "HCI_PASSPHRASE"
	passphrasePrefix = "HCI_PASSPHRASE_"
	identityVar      = "HCI_AGE_IDENTITY" // and HCI_AGE_IDENTITY_FILE: they open passphrases
	terraformPrefix  = "TF_VAR_"
)

// awsSecrets are the variables that hold AWS credentials.
var awsSecrets = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"}

// ofEverybody are the variables that no program can do without, on any system:
// where programs and the user's own configuration lie, and the language.
var ofEverybody = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TERM", "LANG", "LANGUAGE", "TZ",
	"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR",
	"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "USERNAME",
	"APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "HOMEDRIVE", "HOMEPATH",
}

// ofGit say where the user's own configuration of git lies. Every other GIT_
// variable tells git where to work or which program to run.
var ofGit = []string{"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"}

// Environ is the one place that decides what a program gets of hci's
// environment. A passphrase goes to none of them: neither HCI_PASSPHRASE and
// its like nor a variable that secrets names, as --passphrase-from env:NAME
// does. What is given to a program alone, its caller adds.
//
//   - git gets what every program needs, and where the user's own configuration
//     of git lies
//   - terraform gets everything else, TF_VAR_ variables too
//   - docker, session-manager-plugin, a passphrase_command and a migrate_plan_command
//     get no TF_VAR_ variable; AWS credentials
//     they may need
//   - an editor, a pager, a command that is told something and the reaper get no AWS
//     credentials either
//   - a program that the user asked hci to run gets everything else
func Environ(role Role, environ []string, secrets ...string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return !given(role, fold(name)) || slices.ContainsFunc(secrets, func(s string) bool { return fold(s) == fold(name) })
	})
}

func given(role Role, name string) bool {
	if name == passphraseVar || strings.HasPrefix(name, passphrasePrefix) || strings.HasPrefix(name, identityVar) {
		return false
	}
	switch role {
	case Terraform, EnvRun, ServeRun:
		return true
	case Docker, SessionPlugin, PassphraseCommand, MigratePlan:
		return !strings.HasPrefix(name, terraformPrefix)
	case Editor, Pager, Notify, Reaper:
		return !strings.HasPrefix(name, terraformPrefix) && !slices.Contains(awsSecrets, name)
	case Git:
		return slices.Contains(ofEverybody, name) || slices.Contains(ofGit, name) || strings.HasPrefix(name, "LC_")
	}
	return slices.Contains(ofEverybody, name) || strings.HasPrefix(name, "LC_")
}

// fold is how the system compares the names of variables.
func fold(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}
