package gateway_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/internal/frames"
)

// TestAutobahn runs the Autobahn suite against two servers: the frame layer with its limits and the refusal of binary
// messages switched off, and the gateway as it is. It takes a minute, and Java: make test-autobahn runs it. Make
// test-autobahn-long runs the group 9 against the frame layer; the build of the suite that can be had has no groups 12
// and 13, about compression, for which TestOtherClients and TestFramesRoundTrip stand in.
func TestAutobahn(t *testing.T) {
	groups := os.Getenv("AUTOBAHN")
	if groups == "" {
		t.Skip("AUTOBAHN is not set: make test-autobahn runs the suite")
	}
	layer := layerServer(t)
	servers := map[string]string{"layer": layer}
	cases := []string{"9.*"}
	if groups == "core" {
		cases = []string{"1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"}
		servers["gateway"] = gatewayServer(t)
	}
	reports := runAutobahn(t, servers, cases)
	wantAllPassed(t, reports["layer"])
	if groups == "core" {
		wantDifferences(t, reports["gateway"])
	}
}

// verdictOf is what the suite says about a case.
type verdictOf struct {
	Behavior, BehaviorClose string
	RemoteCloseCode         int
}

func (v verdictOf) passed() bool {
	good := []string{"OK", "NON-STRICT", "INFORMATIONAL"}
	return slices.Contains(good, v.Behavior) && slices.Contains(good, v.BehaviorClose)
}

func wantAllPassed(t *testing.T, report map[string]verdictOf) {
	t.Helper()
	counts := map[string]int{}
	for id, v := range report {
		counts[v.Behavior]++
		if !v.passed() {
			t.Errorf("frame layer, case %s: %+v", id, v)
		}
	}
	t.Logf("frame layer: %v", counts)
}

// wantDifferences compares the gateway's failures with the list of those it must have.
func wantDifferences(t *testing.T, report map[string]verdictOf) {
	t.Helper()
	want := map[string]string{}
	for _, line := range strings.Split(read(t, "testdata/autobahn-gateway.txt"), "\n") {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] != "#" {
			want[fields[0]] = fields[1]
		}
	}
	for id, v := range report {
		if got := v.difference(); got != want[id] {
			t.Errorf("gateway, case %s ended in %q, want %q: %+v", id, got, want[id], v)
		}
	}
}

// difference names how a case failed: with the close code, or in silence.
func (v verdictOf) difference() string {
	if v.passed() {
		return ""
	}
	switch v.RemoteCloseCode {
	case frames.Unsupported:
		return "1003"
	case frames.TooBig:
		return "1009"
	}
	return "silent"
}

// runAutobahn runs the cases against the servers and returns the verdicts, by server and case.
func runAutobahn(t *testing.T, servers map[string]string, cases []string) map[string]map[string]verdictOf {
	t.Helper()
	tools, err := filepath.Abs("../../.tools/autobahn")
	if err != nil {
		t.Fatal(err)
	}
	jars, _ := filepath.Glob(tools + "/jython-standalone-*.jar")
	java, err := exec.LookPath("java")
	if len(jars) != 1 || err != nil {
		t.Fatalf("the suite needs java and make tools-autobahn: %v, %v", jars, err)
	}
	dir := t.TempDir()
	spec := map[string]any{"outdir": dir, "cases": cases, "exclude-cases": []string{}, "exclude-agent-cases": map[string]any{}}
	var list []map[string]string
	for agent, url := range servers {
		list = append(list, map[string]string{"agent": agent, "url": url})
	}
	spec["servers"] = list
	text, _ := json.Marshal(spec)
	file := filepath.Join(dir, "spec.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, java, "-jar", jars[0], "testdata/autobahn.py", tools+"/lib", file).CombinedOutput()
	if err != nil {
		t.Fatalf("the suite failed: %v\n%s", err, out)
	}
	var reports map[string]map[string]verdictOf
	if err := json.Unmarshal([]byte(read(t, filepath.Join(dir, "index.json"))), &reports); err != nil || len(reports) != len(servers) {
		t.Fatalf("the suite left no report: %v\n%s", err, out)
	}
	return reports
}

// gatewayServer is the gateway as it is, with a route that echoes.
func gatewayServer(t *testing.T) string {
	t.Helper()
	return serve(t, gateway.Config{RouteSelectionExpression: `\$default`, Routes: echoRoutes("$default")}).URL
}

// layerServer echoes with the frame layer alone.
func layerServer(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nc, rw, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer nc.Close()
		f := &frames.Reader{Rules: &frames.Rules{FrameBytes: -1, MessageBytes: -1, BadUTF8: frames.BadData, Binary: true}}
		f.Start(rw.Reader, nil)
		echoFrames(nc, f)
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "http", "ws", 1) + "/"
}

func echoFrames(nc net.Conn, f *frames.Reader) {
	f.Control = func(op ws.OpCode, payload []byte) {
		if op == ws.OpPing {
			nc.Write(frames.Encode(ws.OpPong, payload, -1))
		}
	}
	for {
		op, data, err := f.Next()
		switch e := err.(type) {
		case nil:
			nc.Write(frames.Encode(op, data, -1))
			continue
		case frames.Closed:
			nc.Write(frames.EncodeClose(e.Code, ""))
		case frames.Violation:
			nc.Write(frames.EncodeClose(e.Code, ""))
		}
		return
	}
}
