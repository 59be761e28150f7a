//go:build unix && !linux

package main

// withoutCoreDump keeps what the process holds in memory from a file that a
// crash would write. A system that refuses leaves things as they are.
func withoutCoreDump() { limitCore() }
