package main

import (
	"os"
	"runtime/pprof"
	"time"
)

func init() {
	if p := os.Getenv("ZZPROF"); p != "" {
		f, _ := os.Create(p)
		go func() {
			time.Sleep(1 * time.Second)
			pprof.StartCPUProfile(f)
			time.Sleep(3 * time.Second)
			pprof.StopCPUProfile()
			f.Close()
		}()
	}
}
