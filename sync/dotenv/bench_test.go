package dotenv

import (
	"fmt"
	"testing"
)

// BenchmarkEncode writes 1,000 entries, verification included.
func BenchmarkEncode(b *testing.B) {
	var entries []Entry
	for i := range 1000 {
		entries = append(entries, entry(fmt.Sprintf("HCI_VARIABLE_%d", i), fmt.Sprintf("postgres://user:p$ss w#rd%d@host:5432/db?sslmode=require", i)))
	}
	for _, name := range Names() {
		d := mustDialect(b, name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Encode(d, entries, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
