package main_test

import (
	"encoding/json"
	"reflect"
	"testing"
)

// same compares JSON by what it means.
func same(t testing.TB, got, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil || !reflect.DeepEqual(g, w) {
		t.Errorf("got %s, want %s", got, want)
	}
}
