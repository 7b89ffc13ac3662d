package leaktest

import (
	"runtime"
	"testing"
)

// Heap is how many bytes are in use after garbage was collected.
func Heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// WantFreed fails a test if what is done leaves more than a megabyte behind. What is to be counted has to live on after
// it, by runtime.KeepAlive or by use.
func WantFreed(t testing.TB, do func()) {
	t.Helper()
	before := Heap()
	do()
	if grown := Heap() - before; grown > 1<<20 {
		t.Errorf("%d KB are held", grown>>10)
	}
}
