package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version and commit are set by the linker (see the Makefile); a binary made
// by "go install" finds both in its build information instead.
var (
	version string
	commit  string
)

type versionReport struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit and the Go version",
		Args:  between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return a.printJSON(buildVersion())
			}
			return a.printVersion()
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) printVersion() error {
	r := buildVersion()
	_, err := fmt.Fprintf(a.out, "hci %s\ncommit %s\n%s %s\n", r.Version, r.Commit, r.Go, r.Platform)
	return err
}

func buildVersion() versionReport {
	r := versionReport{Version: version, Commit: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		if r.Version == "" && info.Main.Version != "" {
			r.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && r.Commit == "" {
				r.Commit = s.Value
			}
		}
	}
	if r.Version == "" || r.Version == "(devel)" {
		r.Version = "devel"
	}
	if r.Commit == "" {
		r.Commit = "unknown"
	}
	return r
}
