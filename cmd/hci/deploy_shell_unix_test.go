//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/testing/fakeaws"
)

// pluginHere puts a session-manager-plugin into PATH that tells of what it was given.
func pluginHere(t *testing.T, version string) (told string) {
	t.Helper()
	dir := t.TempDir()
	told = filepath.Join(dir, "told")
	script := "#!/bin/sh\nif [ \"$1\" = --version ]; then echo " + version + "; exit 0; fi\n" +
		"printf '%s|' \"$@\" > " + told + "\nprintf '%s' \"$AWS_SSM_START_SESSION_RESPONSE$HCI_PASSPHRASE\" > " + told + ".env\ncat\nexit 3\n"
	if err := os.WriteFile(filepath.Join(dir, "session-manager-plugin"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return told
}

// TestDeployShell: the plugin gets the session in its environment, and nothing secret as
// an argument.
func TestDeployShell(t *testing.T) {
	told := pluginHere(t, "1.2.707.0")
	s := newStage(t, fakeaws.Healthy, func(s *stage) { s.exec = "RUNNING" })
	s.hidden = append(s.hidden, fakeaws.ExecToken)
	var command any
	s.request = func(operation string, in map[string]any) {
		if operation == "ExecuteCommand" {
			command = in["command"]
		}
	}
	s.runWith(t.Context(), "ls\n", "deploy", "shell", "staging", "--", "sh", "-c", "echo it's $HOME").is(t, 3, "in container web of task ", "hci_web_staging:1, service hci_service_staging of staging, account 123456789012", "ls\n")
	argv := strings.Split(read(t, told), "|")
	if len(argv) != 7 || argv[0] != "AWS_SSM_START_SESSION_RESPONSE" || argv[1] != "eu-central-1" || argv[2] != "StartSession" || argv[3] != "hci-staging" ||
		!strings.HasPrefix(argv[4], `{"Target":"ecs:hci_cluster_staging_`) || argv[5] != "http://"+s.host {
		t.Errorf("the plugin was given %q", argv)
	}
	if env := read(t, told+".env"); !strings.Contains(env, `"TokenValue":"`+fakeaws.ExecToken+`"`) || strings.Contains(env, stagePhrase) {
		t.Error("the plugin's environment lacks the session, or has the passphrase")
	}
	if want := `sh -c 'echo it'\''s $HOME'`; command != want {
		t.Errorf("AWS was asked to run %q, want %q", command, want)
	}
	s.run("deploy", "shell", "staging").is(t, 3, "/bin/sh in container web")
	s.run("deploy", "shell", "staging", "--container", "cache").is(t, 1, `hci_web_staging:1 has no container "cache"`, "it has web")
	s.run("deploy", "shell", "staging", "--task", "zzz").is(t, 1, "no task of service hci_service_staging that runs has the id zzz", "these run: ")
	s.run("deploy", "shell", "staging", "ls").is(t, 1, "a command after '--'")
}

// TestDeployShellNot: what is missing for a shell is told as what it is, before AWS is
// asked for a session.
func TestDeployShellNot(t *testing.T) {
	for _, c := range []struct {
		name, plugin, agent string
		says                []string
	}{
		{"old plugin", "1.2.497.0", "RUNNING", []string{"session-manager-plugin 1.2.497.0 takes the session's token as an argument", "install a newer one"}},
		{"off", "1.2.707.0", "", []string{"ECS Exec is off for service hci_service_staging", "enable_execute_command = true", "'hci tf staging apply'"}},
		{"agent", "1.2.707.0", "STOPPED", []string{"the agent of ECS Exec in task ", "is stopped", "ssmmessages"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pluginHere(t, c.plugin)
			s := newStage(t, fakeaws.Healthy, func(s *stage) { s.exec = c.agent })
			s.run("deploy", "shell", "staging").is(t, 1, c.says...)
			for _, op := range s.asked {
				if op == "ExecuteCommand" {
					t.Error("a session was opened")
				}
			}
		})
	}
	t.Run("no plugin", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy, func(s *stage) { s.exec = "RUNNING" })
		t.Setenv("PATH", t.TempDir())
		s.run("deploy", "shell", "staging").is(t, 1, "AWS's session-manager-plugin is not installed", "brew install --cask session-manager-plugin")
	})
}
