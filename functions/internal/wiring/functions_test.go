package wiring

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/extension"
)

// values is an environment in which every function starts.
var values = map[string]string{
	"AWS_REGION": "us-east-1", "TABLE_NAME": "t", "CONNECTIONS_PER_USER": "25", "MESSAGES_PER_MINUTE": "120", "HISTORY_DAYS": "7",
	"QUEUE_URL": "http://127.0.0.1/q", "RETRY_QUEUE_URL": "http://127.0.0.1/r", "DLQ_URL": "http://127.0.0.1/d",
	"RELAY_QUEUE_URL": "http://127.0.0.1/o", "CALLBACK_URL": "http://127.0.0.1/dev", "CALLBACK_RATE": "2200", "MAX_CONCURRENCY": "10", "AUTH_MODE": "open",
}

func valid(name string) string { return values[name] }

// optional are the variables that may be empty.
var optional = []string{"JWT_ISSUER", "JWT_AUDIENCE", "JWKS_URL", "JWT_DEFAULT_GRANTS", "ALLOWED_ORIGINS", "ALLOW_QUERY_TOKEN"}

// TestEnvironmentIsRead: a function reads all the variables that it names, and no other beside Lambda's own.
func TestEnvironmentIsRead(t *testing.T) {
	for _, f := range Functions() {
		read := map[string]bool{}
		if _, err := f.New(func(name string) string {
			if name != "LOG_LEVEL" && name != "STACK_NAME" && !strings.HasPrefix(name, "AWS_") {
				read[name] = true
			}
			return valid(name)
		}); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if got, want := slices.Sorted(maps.Keys(read)), slices.Sorted(slices.Values(f.Environment())); !slices.Equal(got, want) {
			t.Errorf("%s reads %v, names %v", f.Name, got, want)
		}
	}
}

// TestMissingVariables: the error of a start names what is missing, all of it at once.
func TestMissingVariables(t *testing.T) {
	for _, f := range Functions() {
		for _, name := range f.Environment() {
			_, err := f.New(func(n string) string {
				if n == name {
					return ""
				}
				return valid(n)
			})
			switch {
			case slices.Contains(optional, name):
				if err != nil && strings.Contains(err.Error(), name) {
					t.Errorf("%s does not start without %s, which may be empty: %v", f.Name, name, err)
				}
			case err == nil:
				t.Errorf("%s starts without %s", f.Name, name)
			case !strings.Contains(err.Error(), name):
				t.Errorf("%s without %s does not say what is missing: %v", f.Name, name, err)
			}
		}
	}
	_, err := Broadcast().New(func(string) string { return "" })
	for _, name := range append(Broadcast().Environment(), "AWS_REGION") {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without any variables broadcast says %v, nothing of %s", err, name)
		}
	}
}

func TestWrongVariables(t *testing.T) {
	for name, value := range map[string]string{
		"CALLBACK_RATE": "0", "MAX_CONCURRENCY": "many", "MESSAGES_PER_MINUTE": "-1", "CONNECTIONS_PER_USER": "1.5", "HISTORY_DAYS": "0",
		"ALLOW_QUERY_TOKEN": "yes", "AUTH_MODE": "none", "LOG_LEVEL": "LOUD",
	} {
		found := false
		for _, f := range Functions() {
			_, err := f.New(func(n string) string {
				if n == name {
					return value
				}
				return valid(n)
			})
			found = found || err != nil && strings.Contains(err.Error(), name) && strings.Contains(err.Error(), value)
		}
		if !found {
			t.Errorf("every function starts with %s=%s, or does not say why not", name, value)
		}
	}
}

// TestPartsWithoutSettings: what a program brings may lack something, which is an error like any other.
func TestPartsWithoutSettings(t *testing.T) {
	for _, f := range Functions() {
		if _, err := f.Make(Parts{}); err != nil && f.Name != "deliver" && !strings.Contains(err.Error(), "HISTORY_DAYS") {
			t.Errorf("%s of nothing: %v", f.Name, err)
		}
	}
}

// TestWrongLevel: an error about the log does not bring along others that only follow from it.
func TestWrongLevel(t *testing.T) {
	jwt := map[string]string{
		"LOG_LEVEL": "LOUD", "AUTH_MODE": "jwt", "JWT_ISSUER": "i", "JWT_AUDIENCE": "a", "JWKS_URL": "https://issuer.example/keys",
	}
	_, err := Authorize().New(func(name string) string { return jwt[name] })
	if err == nil || !strings.Contains(err.Error(), "LOG_LEVEL") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want an error about LOG_LEVEL alone", err)
	}
}

// TestUndeclaredVariable: what a setting reads beyond its names is found in the first test that starts it.
func TestUndeclaredVariable(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a setting read a variable that it does not name")
		}
	}()
	environment{valid, []string{"TABLE_NAME"}}.value("QUEUE_URL")
}

// TestAudiencesDiffer: each kind has a prefix of its own, with one colon, at its end.
func TestAudiencesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range Audiences() {
		if strings.Index(kind.Prefix, ":") != len(kind.Prefix)-1 || len(kind.Prefix) < 2 || seen[kind.Prefix] {
			t.Errorf("the kind of audiences %q has no prefix of its own that ends with its only colon", kind.Prefix)
		}
		seen[kind.Prefix] = true
	}
}

// TestRoutesAreServedOnce, by the actions that belong to them.
func TestRoutesAreServedOnce(t *testing.T) {
	served := map[string]string{}
	for _, f := range Functions() {
		for _, key := range f.Routes {
			if other, twice := served[key]; twice {
				t.Errorf("%s and %s serve the route %s", other, f.Name, key)
			}
			served[key] = f.Name
		}
	}
	wrong := extension.Extension{Name: "wrong", Routes: []string{"a"}, Actions: func(extension.Core) (map[string]apigateway.Action, error) {
		return map[string]apigateway.Action{"b": apigateway.Echo}, nil
	}}
	if _, err := Extension(wrong).New(valid); err == nil {
		t.Error("an extension serves other routes than it names")
	}
}
