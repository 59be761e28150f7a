package lint

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// scanner looks for many values in a text at once. Every value is at least
// eight bytes long ([Meaningful]), so the first eight bytes decide: a bit set
// says for most places that no value begins there, a map for the rest.
type scanner struct {
	begins  map[uint64][]Needle
	maybe   [1 << 13]uint64 // a set of hashes of the first eight bytes
	longest int             // bytes of the longest value
	shorter []Needle        // fewer than eight bytes, looked for one by one
}

func newScanner(needles []Needle) *scanner {
	s := &scanner{begins: map[uint64][]Needle{}}
	for _, n := range needles {
		value := []byte(n.value.Reveal())
		s.longest = max(s.longest, len(value))
		if len(value) < 8 {
			s.shorter = append(s.shorter, n)
			continue
		}
		key := binary.LittleEndian.Uint64(value)
		s.begins[key] = append(s.begins[key], n)
		h := hash(key)
		s.maybe[h>>6] |= 1 << (h & 63)
	}
	return s
}

// hash spreads eight bytes over the set's 19 bits.
func hash(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 >> (64 - 19) }

// find lists the needles in a text by the line that each begins in: the first
// place of each.
func (s *scanner) find(data []byte) map[int][]string {
	lines := map[int][]string{}
	seen := map[string]bool{}
	add := func(at int, name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		line := 1 + bytes.Count(data[:at], []byte("\n"))
		if !slices.Contains(lines[line], name) {
			lines[line] = append(lines[line], name)
		}
	}
	if len(s.begins) > 0 && len(data) >= 8 {
		key := binary.LittleEndian.Uint64(data)
		for at := 0; ; at++ {
			if h := hash(key); s.maybe[h>>6]&(1<<(h&63)) != 0 {
				for _, n := range s.begins[key] {
					if bytes.HasPrefix(data[at:], []byte(n.value.Reveal())) {
						add(at, n.Name)
					}
				}
			}
			if at+8 >= len(data) {
				break
			}
			key = key>>8 | uint64(data[at+8])<<56
		}
	}
	for _, n := range s.shorter {
		if at := bytes.Index(data, []byte(n.value.Reveal())); at >= 0 {
			add(at, n.Name)
		}
	}
	return lines
}
