//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// TestPager: a list that does not fit on the terminal goes through a pager; not on a
// dumb terminal, with --plain, with values, with PAGER=cat, or where it fits.
func TestPager(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/project")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hci.hcl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	pager := filepath.Join(dir, "pager")
	script := "#!/bin/sh\necho \"PAGED $1 $LESS $LESSHISTFILE ${HCI_PASSPHRASE-none}\"\nread line && echo \"first $line\"\n"
	if err := os.WriteFile(pager, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	const paged = "PAGED -x FRX - none\r\nfirst hci_django_secret_key  string"
	for _, c := range []struct {
		name string
		rows uint16
		vars []string
		args string
		want string
	}{
		{"PAGER", 3, []string{"PAGER=" + pager + " -x"}, "secrets list staging", paged},
		{"HCI_PAGER", 3, []string{"PAGER=cat", "HCI_PAGER=" + pager + " -x"}, "secrets list staging", paged},
		{"the user's LESS", 3, []string{"PAGER=" + pager, "LESS=R"}, "secrets list staging", "PAGED  R - none"},
		{"it fits", 30, []string{"PAGER=" + pager}, "secrets list staging", "hci_django_secret_key  string"},
		{"--plain", 3, []string{"PAGER=" + pager}, "secrets list staging --plain", "hci_django_secret_key  string"},
		{"dumb", 3, []string{"PAGER=" + pager, "TERM=dumb"}, "secrets list staging", "hci_django_secret_key  string"},
		{"cat", 3, []string{"PAGER=cat"}, "secrets list staging", "hci_django_secret_key  string"},
		{"none", 3, []string{"PAGER="}, "secrets list staging", "hci_django_secret_key  string"},
		{"not there", 3, []string{"PAGER=/no/such/pager"}, "secrets list staging", "hci_django_secret_key  string"},
		{"no list", 3, []string{"PAGER=" + pager}, "env explain staging HCI_RDS_HOST", "HCI_RDS_HOST: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			master, device, err := pty.Open()
			if err != nil {
				t.Skip("no pseudo-terminals here:", err)
			}
			if err := pty.Setsize(device, &pty.Winsize{Rows: c.rows, Cols: 80}); err != nil {
				t.Fatal(err)
			}
			shown := make(chan string)
			go func() {
				var all strings.Builder
				buf := make([]byte, 4096)
				for {
					n, err := master.Read(buf)
					all.Write(buf[:n])
					if err != nil || strings.Contains(all.String(), "<end>") {
						shown <- all.String()
						return
					}
				}
			}()
			environ := append([]string{"TERM=xterm", "PATH=" + os.Getenv("PATH"), "HCI_PASSPHRASE=correct horse battery staple", "XDG_STATE_HOME=" + t.TempDir()}, c.vars...)
			code := run(context.Background(), append([]string{"-C", dir}, strings.Fields(c.args)...), streams{in: device, out: device, err: device}, environ)
			if _, err := device.WriteString("<end>"); err != nil {
				t.Fatal(err)
			}
			got := <-shown
			_, _ = device.Close(), master.Close()
			if code != 0 || !strings.HasPrefix(got, c.want) || strings.HasPrefix(c.want, "PAGED") != strings.Contains(got, "PAGED") {
				t.Errorf("code %d, shown %q, want %q", code, got, c.want)
			}
		})
	}
}
