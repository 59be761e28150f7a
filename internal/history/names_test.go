package history_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"hci/internal/history"
)

func TestNames(t *testing.T) {
	versions := map[string]map[string]string{
		"m":    {"b": "2", "c": "1", "e": "7", "x": "1", "y": "1"}, // y came with the merge itself
		"side": {"b": "2", "c": "1", "x": "1"},
		"b5":   {"b": "2", "c": "1", "e": "7"},
		"b4":   {"b": "2", "c": "1"},
		"b3":   {"a": "1", "b": "2"}, // a was renamed to c
		"b2":   {"a": "1", "b": "1"},
	}
	log := []history.Commit{
		{Hash: "m", Blob: "m", Parents: []string{"b5", "side"}}, {Hash: "s", Blob: "side", Parents: []string{"b4"}},
		{Hash: "5", Blob: "b5", Parents: []string{"b4"}}, {Hash: "4", Blob: "b4", Parents: []string{"b3"}},
		{Hash: "3", Blob: "b3", Parents: []string{"b2"}}, {Hash: "2", Blob: "b2", Parents: []string{"b1"}}, {Hash: "1", Blob: "b1", Parents: []string{""}},
	}
	closed := errors.New("does not open")
	entries := history.Names(log, func(blob string) (*history.Version, error) {
		v, ok := versions[blob]
		if !ok {
			return nil, closed
		}
		return &history.Version{Prints: v}, nil
	})
	show := func(entries []history.Entry) string {
		var all []string
		for _, e := range entries {
			if e.Unsure {
				all = append(all, e.Hash+" ?")
			}
			for _, c := range e.Changes {
				all = append(all, strings.TrimSpace(fmt.Sprint(e.Hash, " ", c.Kind, " ", c.Name, " ", c.From)))
			}
		}
		return strings.Join(all, "; ")
	}
	if got, want := show(entries), "m added y; s added x; 5 added e; 4 renamed c a; 3 changed b; 2 ?; 1 ?"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := show(history.Of(entries, "c")), "4 renamed c a; 2 ?; 1 ?"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for name, want := range map[string]string{"e": "5 true", "b": "3 true", "c": "2 false"} {
		c, known := history.Since(entries, name)
		if got := fmt.Sprint(c.Hash, " ", known); got != want {
			t.Errorf("%s: since %s, want %s", name, got, want)
		}
	}
}

// git log's output for a plain commit, a merge, a rename and a removal.
func TestLogReadsGit(t *testing.T) {
	const zero = "0000000000000000000000000000000000000000"
	sha := func(c string) string { return strings.Repeat(c, 40) }
	at := "\x002026-11-29T07:57:42+00:00\x00n\x00"
	out := "MARK" + sha("a") + at + "gone\x00\n:100644 000000 " + sha("2") + " " + zero + " D\x00g\x00" +
		"MARK" + sha("b") + at + "renamed\x00\n:100644 100644 " + sha("2") + " " + sha("2") + " R100\x00f\x00g\x00" +
		"MARK" + sha("c") + at + "merged\x00\x00::100644 100644 100644 " + sha("3") + " " + sha("4") + " " + sha("2") + " MM\x00f\x00" +
		"MARK" + sha("d") + at + "empty\x00"
	log, err := history.Log(t.Context(), git(out), "g")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range log {
		got = append(got, fmt.Sprintf("%.1s %s %s %.1s", c.Hash, c.Subject, c.Path, c.Blob))
	}
	if s := strings.Join(got, "; "); s != "a gone g ; b renamed g 2; c merged f 2" {
		t.Errorf("%s", s)
	}
	if _, err := history.Log(t.Context(), git("MARKnonsense"), "g"); err == nil {
		t.Error("nonsense was read")
	}
}

// git prints a text, with the mark that was asked for.
func git(out string) history.Git {
	return func(_ context.Context, args ...string) ([]byte, error) {
		for _, arg := range args {
			if format, ok := strings.CutPrefix(arg, "--format="); ok {
				mark, _, _ := strings.Cut(format, "%")
				return []byte(strings.ReplaceAll(out, "MARK", mark)), nil
			}
		}
		return nil, errors.New("no format")
	}
}
