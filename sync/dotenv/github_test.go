package dotenv

import (
	"regexp"
	"testing"
)

// TestGitHubDelimiter proves that a value cannot end its own heredoc.
func TestGitHubDelimiter(t *testing.T) {
	d := mustDialect(t, "github")
	seen := map[string]bool{}
	for range 100 {
		out, err := Encode(d, []Entry{entry("A", "x\nEOF\nB=injected\n"), entry("C", "\r")}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`\AA<<(HCI_[A-Z2-7]{26,})\nx\nEOF\nB=injected\n\n(HCI_\w+)\nC<<(HCI_\w+)\n\r\n(HCI_\w+)\n\z`).FindStringSubmatch(string(out))
		if m == nil || m[1] != m[2] || m[3] != m[4] || seen[m[1]] || seen[m[3]] {
			t.Fatal("the file is not as it should be, or a delimiter came twice")
		}
		seen[m[1]], seen[m[3]] = true, true
	}
}

func TestMasks(t *testing.T) {
	got := string(Masks([]Entry{entry("A", "a b"), entry("B", ""), entry("C", " \n"), entry("D", "50%\r\n::x::")}))
	const want = "::add-mask::a b\n::add-mask::50%25%0D%0A::x::\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestValueFrom proves that a secret that ECS fetches is not written.
func TestValueFrom(t *testing.T) {
	entries := []Entry{{Key: "S", Value: entry("", "s3cr3t").Value, ValueFrom: "arn:aws:x"}, entry("E", "1")}
	out, err := Encode(mustDialect(t, "ecs"), entries, Options{})
	const want = `{
  "environment": [
    {
      "name": "E",
      "value": "1"
    }
  ],
  "secrets": [
    {
      "name": "S",
      "valueFrom": "arn:aws:x"
    }
  ]
}
`
	if err != nil || string(out) != want {
		t.Errorf("got %s, %v", out, err)
	}
	if entries[0].Key != "S" {
		t.Error("the caller's entries were put in another order")
	}
	out, err = Encode(mustDialect(t, "dotenv"), entries, Options{})
	if err != nil || string(out) != "S=s3cr3t\nE=1\n" {
		t.Errorf("dotenv: %q, %v", out, err)
	}
	if _, err := Encode(mustDialect(t, "ecs"), []Entry{{Key: "S", ValueFrom: "\xff"}}, Options{}); err == nil {
		t.Error("a ValueFrom that is not UTF-8 was written")
	}
}
