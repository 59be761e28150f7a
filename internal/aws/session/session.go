// Package session runs AWS's session-manager-plugin, which connects a terminal to a
// session that ECS Exec has opened. What opens the session is
// hci/internal/aws/ecs.
//
// A session's token is as good as a shell. AWS's plugin takes it as an argument, which
// everybody on the machine can read in the list of processes, or in newer versions in a
// variable of its environment, which only its user can. hci hands it over in the variable
// only.
package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"hci/internal/child"
	"hci/sync/secret"
)

// Program is the plugin's name.
const Program = "session-manager-plugin"

// responseVar is the variable with the session; its name stands in the plugin's
// arguments then.
//
// https://github.com/aws/session-manager-plugin/blob/mainline/src/sessionmanagerplugin/session/session.go
const responseVar = "AWS_SSM_START_SESSION_RESPONSE"

// withoutVar is the last version that does not read the variable, as the AWS CLI has it.
//
// https://github.com/aws/aws-cli/blob/v2/awscli/customizations/sessionmanager.py
var withoutVar = []int{1, 2, 497, 0}

// guide is where AWS says how the plugin is installed.
const guide = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"

// MissingError says that the plugin is not installed.
type MissingError struct{}

func (e *MissingError) Error() string {
	return "AWS's " + Program + " is not installed, by which ECS Exec reaches a container"
}

// Next says how to get it.
func (e *MissingError) Next() string {
	return "install it ('brew install --cask session-manager-plugin' on macOS): " + guide
}

// OldError says that the plugin takes a session's token on its command line only.
type OldError struct{ Version string }

func (e *OldError) Error() string {
	return fmt.Sprintf("%s %s takes the session's token as an argument, which everybody on this machine could read", Program, e.Version)
}

// Next says what to do about it.
func (e *OldError) Next() string { return "install a newer one: " + guide }

// Plugin is the plugin as it is installed.
type Plugin struct {
	Env []string // its environment
}

// Check fails with a [*MissingError] or an [*OldError] if the plugin can't be used.
func (p Plugin) Check() error {
	var out bytes.Buffer
	err := child.Command{Argv: []string{Program, "--version"}, Env: p.Env, Out: &out, Err: io.Discard}.Run()
	var start *child.StartError
	if errors.As(err, &start) && start.NotFound() {
		return &MissingError{}
	}
	if err != nil {
		return err
	}
	version := strings.TrimSpace(out.String())
	if !newer(version, withoutVar) {
		return &OldError{Version: version}
	}
	return nil
}

// newer reports whether a version, numbers with dots, is newer than another.
func newer(version string, than []int) bool {
	parts := strings.Split(version, ".")
	for i, old := range than {
		n := 0
		if i < len(parts) {
			var err error
			if n, err = strconv.Atoi(parts[i]); err != nil {
				return false
			}
		}
		if n != old {
			return n > old
		}
	}
	return false
}

// Session is one that AWS has opened.
type Session struct {
	Response         secret.Value // with its token
	Region, Profile  string
	Target, Endpoint string
}

// Run connects streams to a session until it ends.
func (p Plugin) Run(s Session, in io.Reader, out, errOut io.Writer, terminal bool) error {
	request, err := json.Marshal(map[string]string{"Target": s.Target})
	if err != nil {
		return err
	}
	return child.Command{
		Argv: []string{Program, responseVar, s.Region, "StartSession", s.Profile, string(request), s.Endpoint},
		Env:  append(p.Env[:len(p.Env):len(p.Env)], responseVar+"="+s.Response.Reveal()),
		In:   in, Out: out, Err: errOut, Terminal: terminal,
	}.Run()
}
