package architecture_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// licences are the ones under which the modules that hci is built from may be
// passed on in a binary, by words that stand in each text and in no other.
var licences = map[string]string{
	"MIT":        "permission is hereby granted, free of charge",
	"BSD":        "redistribution and use in source and binary forms",
	"Apache 2.0": "apache license version 2.0",
	"MPL 2.0":    "mozilla public license, version 2.0",
	"ISC":        "permission to use, copy, modify, and/or distribute this software for any purpose",
}

// TestLicences: each module whose code is in the binary says that it is under one
// of those licences, and none under another.
func TestLicences(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", "hci/cmd/hci").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		module, dir, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || seen[module] {
			continue
		}
		seen[module] = true
		if found := licenceOf(t, dir); found == "" {
			t.Errorf("%s: no licence that is known in %s", module, dir)
		}
	}
	if len(seen) < 10 {
		t.Errorf("go list found %d modules only", len(seen))
	}
}

func licenceOf(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(name, "LICENSE") && !strings.HasPrefix(name, "LICENCE") && !strings.HasPrefix(name, "COPYING") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		words := string(bytes.Join(bytes.Fields(bytes.ToLower(text)), []byte(" ")))
		words = strings.ReplaceAll(words, "apache license, version", "apache license version")
		for licence, mark := range licences {
			if strings.Contains(words, mark) {
				return licence
			}
		}
	}
	return ""
}
