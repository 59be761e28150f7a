package main

// withoutCoreDump has nothing to do: Windows writes the memory of a process to a
// file only where an administrator set that up.
func withoutCoreDump() {}
