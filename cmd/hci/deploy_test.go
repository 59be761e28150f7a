package main

import (
	"testing"

	"hci/internal/aws/ecs"
)

func TestRollbackTarget(t *testing.T) {
	revisions := []string{"web:9", "web:8", "web:6", "web:5"}
	for _, c := range []struct {
		runs, to, next string
		served         []string
	}{
		{"web:8", "", "web:6", nil}, {"web:9", "", "web:8", nil}, {"web:5", "", "", nil}, {"web:7", "", "web:6", nil}, {"web:4", "", "", nil},
		{"web:8", "5", "web:5", nil}, {"web:8", "web:9", "web:9", nil}, {"web:8", "8", "", nil}, {"web:8", "web:8", "", nil},
		{"web:8", "7", "web:7", nil}, {"web:8", "other:9", "", nil}, {"web:8", "x", "", nil}, {"web:8", "web:x", "", nil},
		{"web:9", "", "web:6", []string{"web:9", "web:6", "web:5"}}, // web:8 never served
		{"web:9", "", "web:7", []string{"web:9", "web:7", "web:5"}}, // web:7 is not registered any more
		{"web:8", "", "web:5", []string{"web:8", "web:9", "web:5"}}, // web:9 did, later
		{"web:9", "8", "web:8", []string{"web:9", "web:6"}},
		{"web:9", "", "", []string{"web:9", "other:6"}},
	} {
		var served []ecs.Served
		for _, name := range c.served {
			served = append(served, ecs.Served{Revision: name})
		}
		if next, err := target(revisions, served, c.runs, c.to); (err == nil) != (c.next != "") || next != c.next {
			t.Errorf("from %s to %q, of which %q served: %s, %v; want %s", c.runs, c.to, c.served, next, err, c.next)
		}
	}
}
