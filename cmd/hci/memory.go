package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// memoryLimit is where the garbage collector begins to work harder. What hci
// holds is small, what it throws away is not: 10,000 secrets take 60 MiB with
// this limit and 130 without. GOMEMLIMIT takes precedence.
const memoryLimit = 40 << 20

// Where what is held comes near to the limit, the collector would do nothing else
// than collect: the limit is then so much more than what is held.
const (
	roomPercent = 20
	roomBesides = 4 << 20 // for what is not on the heap
)

// limitMemory sets the limit, and has it follow what is held.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(memoryLimit)
	followHeap(memoryLimit)
}

// followHeap looks after each collection how much is held.
func followHeap(limit int64) {
	collected := &struct{ _ [64]byte }{}
	runtime.AddCleanup(collected, func(limit int64) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		needed := max(memoryLimit, int64(live[0].Value.Uint64())*(100+roomPercent)/100+roomBesides)
		if needed != limit {
			debug.SetMemoryLimit(needed)
		}
		followHeap(needed)
	}, limit)
}
