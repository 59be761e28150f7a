package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"hci/sync/secret"
)

const marker = "m4rk3r-s3cr3t"

func TestNothingPrintsTheContent(t *testing.T) {
	v := secret.New(marker)
	holder := struct {
		Name  string
		Value secret.Value
		Ptr   *secret.Value
		Map   map[string]secret.Value
	}{"n", v, &v, map[string]secret.Value{"k": v}}

	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%10.3s", "%-5v", "%T"} {
		out = append(out, fmt.Sprintf(verb, v), fmt.Sprintf(verb, &v), fmt.Sprintf(verb, holder), fmt.Sprintf(verb, []secret.Value{v}))
	}
	out = append(out, fmt.Sprint(v), fmt.Sprintln(holder), fmt.Errorf("x: %w %v", errors.New("y"), v).Error())

	j, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	x, err := xml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, string(j), string(x))

	var logs bytes.Buffer
	slog.New(slog.NewTextHandler(&logs, nil)).Info("m", "v", v, "h", holder)
	slog.New(slog.NewJSONHandler(&logs, nil)).Info("m", "v", v, "h", holder)
	out = append(out, logs.String())

	for i, s := range out {
		if strings.Contains(s, marker) || strings.Contains(s, fmt.Sprintf("%x", marker)) {
			t.Errorf("output %d shows the content", i)
		}
	}
	if got := v.Reveal(); got != marker {
		t.Error("Reveal does not return the content")
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"", "", true}, {"a", "a", true}, {"a", "b", false}, {"a", "ab", false}, {"", "a", false}} {
		if got := secret.New(c.a).Equal(secret.New(c.b)); got != c.want {
			t.Errorf("Equal(%q, %q) = %v", c.a, c.b, got)
		}
	}
}
