package lambdaruntime

import (
	"context"
	"hash/maphash"
	"io/fs"
	"path/filepath"
	"time"
)

// watchInterval is how often Watch looks.
const watchInterval = 500 * time.Millisecond

// Watch restarts the pool whenever the files of its function have changed, until ctx is done. A change counts when it is
// over: when two looks, half a second apart, see the same. What is installed or generated in place (node_modules, .git,
// __pycache__) is not looked at.
func (p *Pool) Watch(ctx context.Context) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	running := fingerprint(p.function.Dir)
	for last := running; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := fingerprint(p.function.Dir)
		if now == last && now != running {
			p.options.Logger.Info("a function's files have changed: it restarts", "function", p.function.Name)
			p.Restart()
			running = now
		}
		last = now
	}
}

var seed = maphash.MakeSeed()

// fingerprint changes with the names, sizes, modes and times of the files in a folder.
func fingerprint(dir string) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		switch name := entry.Name(); {
		case entry.IsDir() && (name == "node_modules" || name == ".git" || name == "__pycache__"):
			return fs.SkipDir
		case entry.IsDir():
			return nil
		}
		if info, err := entry.Info(); err == nil {
			maphash.WriteComparable(&h, [3]int64{info.Size(), info.ModTime().UnixNano(), int64(info.Mode())})
			h.WriteString(path)
		}
		return nil
	})
	return h.Sum64()
}
