//go:build bench

package main

import "os"

// peakMemory is not told by the os package on Windows.
func peakMemory(*os.ProcessState) int64 { return 0 }
