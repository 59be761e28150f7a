package term_test

import (
	"strings"
	"testing"

	"hci/internal/term"
)

func TestFit(t *testing.T) {
	const table = `= hci_admin_password_staging     in sync                                                 from var.hci_admin_password
~ hci_rds_password_staging       value differs  AWS: 2026-11-24 09:12, version 6f1c02aa  from var.hci_rds_password
    have "a value that is longer than every line, as values are, and is not shortened"
`
	for _, c := range []struct {
		width int
		want  string
	}{
		{0, table},
		{200, table},
		{100, `= hci_admin_password_staging  in sync                                    from var.hci_admin_password
~ hci_rds_password_staging    value differs  AWS: 2026-11-24 09:12, ve…  from var.hci_rds_password
    have "a value that is longer than every line, as values are, and is not shortened"
`},
		{80, `= hci_admin_password_staging  in sync
~ hci_rds_password_staging    value differs  AWS: 2026-11-24 09:12, version 6f1…
    have "a value that is longer than every line, as values are, and is not shortened"
`},
		{30, `= hci_admin_pas…
~ hci_rds_passw…
    have "a value that is longer than every line, as values are, and is not shortened"
`},
	} {
		got := term.Fit(table, c.width)
		if got != c.want {
			t.Errorf("%d:\n%s", c.width, got)
		}
		for line := range strings.Lines(got) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); c.width > 0 && n > c.width && !strings.HasPrefix(line, "    ") {
				t.Errorf("%d: a line of %d", c.width, n)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	const text = "ok       passphrase one two three four five six seven\nshort\n"
	for _, c := range []struct {
		width int
		want  string
	}{
		{0, text},
		{80, text},
		{36, "ok       passphrase one two three\n         four five six seven\nshort\n"},
		{26, "ok       passphrase one\n         two three four\n         five six seven\nshort\n"},
	} {
		if got := term.Wrap(text, c.width, 9); got != c.want {
			t.Errorf("%d:\n%s", c.width, got)
		}
	}
	if got := term.Wrap("https://example.com/a/long/word and more\n", 30, 4); got != "https://example.com/a/long/word\n    and more\n" {
		t.Errorf("a long word: %q", got)
	}
}
