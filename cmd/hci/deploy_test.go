package main

import (
	"testing"

	"hci/internal/ecs"
)

func TestRollbackTarget(t *testing.T) {
	revisions := []ecs.Revision{{Name: "web:9"}, {Name: "web:8"}, {Name: "web:6"}, {Name: "web:5"}}
	for _, c := range []struct{ runs, to, next string }{
		{"web:8", "", "web:6"}, {"web:9", "", "web:8"}, {"web:5", "", ""}, {"web:4", "", ""},
		{"web:8", "5", "web:5"}, {"web:8", "web:9", "web:9"}, {"web:8", "8", ""}, {"web:8", "web:8", ""},
		{"web:8", "7", ""}, {"web:8", "other:9", ""}, {"web:8", "x", ""},
	} {
		next, from, err := target(revisions, c.runs, c.to)
		if (err == nil) != (c.next != "") || err == nil && (next.Name != c.next || from.Name != c.runs) {
			t.Errorf("from %s to %q: %s, %v; want %s", c.runs, c.to, next.Name, err, c.next)
		}
	}
}
