package functions_test

import (
	"bufio"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// exceptions are the rules of cfn-lint and checkov that the template does not keep. Each has its reason there; a new
// one needs a line here as well.
var exceptions = []string{"CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_173", "W1030", "W1033"}

func TestLintExceptions(t *testing.T) {
	text := readTemplate(t)
	parsed, err := parseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	excepted := list(parsed.at("Metadata", "cfn-lint", "config", "ignore_checks"))
	for rule, reason := range parsed.section("Metadata", "checkov") {
		excepted = append(excepted, rule)
		if words := strings.Fields(reason.(string)); len(words) < 8 {
			t.Errorf("%s has the reason %q", rule, reason)
		}
	}
	if slices.Sort(excepted); !slices.Equal(excepted, exceptions) {
		t.Errorf("the template has the exceptions %v, want %v", excepted, exceptions)
	}
	if all := text + readMonitoring(t); strings.Contains(all, "checkov:skip") || strings.Count(all, "cfn-lint:") != 1 {
		t.Error("there are exceptions elsewhere than in the template's Metadata")
	}
	if reasons := regexp.MustCompile(`(?m)^ +# .+\n +- W\d+$`).FindAllString(text, -1); len(reasons) != 2 {
		t.Errorf("%d exceptions of cfn-lint have a reason", len(reasons))
	}
}

// environment is a section of samconfig.toml: its lines, by table.
type environment map[string][]string

// parameters returns what the environment sets, whichever way it is written.
func (e environment) parameters() map[string]string {
	found := map[string]string{}
	text := strings.Join(e["global.parameters"], "\n")
	for _, pair := range regexp.MustCompile(`"(\w+)=([^"]*)"`).FindAllStringSubmatch(text, -1) {
		found[pair[1]] = pair[2]
	}
	return found
}

// readEnvironments reads samconfig.toml, as much of TOML as that has.
func readEnvironments(t *testing.T) map[string]environment {
	t.Helper()
	file, err := os.Open("../samconfig.toml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all := map[string]environment{}
	var name, table string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		switch {
		case strings.HasPrefix(line, "[") && strings.Contains(line, "."):
			name, table, _ = strings.Cut(strings.Trim(line, "[]"), ".")
			if all[name] == nil {
				all[name] = environment{}
			}
		case line != "" && !strings.HasPrefix(line, "#") && name != "":
			all[name][table] = append(all[name][table], line)
		}
	}
	return all
}

func TestEnvironments(t *testing.T) {
	all := readEnvironments(t)
	if got := slices.Sorted(maps.Keys(all)); !slices.Equal(got, []string{"default", "dev", "prod"}) {
		t.Fatalf("environments %v", got)
	}
	if !maps.EqualFunc(all["default"], all["dev"], slices.Equal) {
		t.Error("default is not dev")
	}
	dev := all["dev"].parameters()
	if dev["AuthMode"] != "open" || dev["CloudWatchRole"] != "create" {
		t.Errorf("dev has AuthMode=%s, CloudWatchRole=%s", dev["AuthMode"], dev["CloudWatchRole"])
	}
	// Everybody may connect to it, and every message costs.
	for name, most := range map[string]int{
		"ThrottlingRate": 20, "ThrottlingBurst": 100, "ConnectRate": 20, "ConnectBurst": 40, "BroadcastRate": 5, "BroadcastBurst": 5,
	} {
		if got, err := strconv.Atoi(dev[name]); err != nil || got > most {
			t.Errorf("dev has %s=%q, want %d at most", name, dev[name], most)
		}
	}
	prod := all["prod"].parameters()
	for name, want := range map[string]string{
		"AuthMode": "jwt", "JwtIssuer": "FILL-IN", "JwtAudience": "FILL-IN", "JwksUrl": "FILL-IN",
		"GradualDeploy": "true", "PointInTimeRecovery": "true", "LogRetentionDays": "365",
		// A first deployment that fails has to take its table along; the second one protects it.
		"DeletionProtection": "false",
		// Another team's role for the whole account is not replaced unasked.
		"CloudWatchRole": "existing",
	} {
		if prod[name] != want {
			t.Errorf("prod has %s=%s, want %s", name, prod[name], want)
		}
	}
	refusesPlaceholders(t, prod)
	for name, e := range all {
		knownParameters(t, name, e)
		if !slices.Contains(e["global.parameters"], "language_extensions = true") ||
			!slices.Contains(e["deploy.parameters"], `capabilities = "CAPABILITY_IAM CAPABILITY_AUTO_EXPAND"`) {
			t.Errorf("%s: sam can't build Fn::ForEach, or not deploy it", name)
		}
	}
}

// TestDefaults: what a deployment has that chooses nothing fits a new account.
func TestDefaults(t *testing.T) {
	parsed, err := parseTemplate(readTemplate(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"CallbackRate": 4000, "MaximumConcurrency": 3, "DeletionProtection": "false", "CloudWatchRole": "existing",
	} {
		if got := parsed.at("Parameters", name, "Default"); got != want {
			t.Errorf("%s is %v by default, want %v", name, got, want)
		}
	}
}

// refusesPlaceholders shows that CloudFormation takes none of the values that are to be replaced.
func refusesPlaceholders(t *testing.T, prod map[string]string) {
	parsed, err := parseTemplate(readTemplate(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range prod {
		if value != "FILL-IN" {
			continue
		}
		pattern, _ := parsed.at("Parameters", name, "AllowedPattern").(string)
		// Go's expressions look at nothing ahead; what is left of the pattern is .*, which takes anything.
		_, refuses := strings.CutPrefix(pattern, "^(?!FILL-IN)")
		if !refuses && regexp.MustCompile(pattern).MatchString(value) {
			t.Errorf("%s=FILL-IN would be deployed", name)
		}
		if parsed.at("Parameters", name, "ConstraintDescription") == nil {
			t.Errorf("%s=FILL-IN is refused without a word why", name)
		}
	}
}

func knownParameters(t *testing.T, name string, e environment) {
	parsed, err := parseTemplate(readTemplate(t))
	if err != nil {
		t.Fatal(err)
	}
	for parameter := range e.parameters() {
		if parsed.at("Parameters", parameter) == nil {
			t.Errorf("%s sets %s, which the template does not have", name, parameter)
		}
	}
}
