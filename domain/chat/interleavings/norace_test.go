//go:build !race

package interleavings

const raced = false
