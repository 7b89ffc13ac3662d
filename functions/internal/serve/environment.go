package serve

import (
	"os"
	"strings"
)

// credentials are the variables by which AWS's SDKs find credentials in files
// (https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html).
var credentials = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}

// Credentials names the variable by which functions get credentials of the person who runs them, empty if they get made-up
// ones.
func Credentials() string {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_PROFILE"} {
		if os.Getenv(name) != "" {
			return name
		}
	}
	return ""
}

// inherited are the variables that functions get from whoever runs them: where services are, and credentials. With a
// profile the made-up keys must not be there, which SDKs would prefer; an empty key counts as none.
func inherited() (env []string) {
	for _, variable := range os.Environ() {
		if strings.HasPrefix(variable, "AWS_ENDPOINT_URL") || strings.HasPrefix(variable, "AWS_IGNORE_CONFIGURED_ENDPOINT") {
			env = append(env, variable)
		}
	}
	if Credentials() == "" {
		return env
	}
	for _, name := range credentials {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	if os.Getenv("AWS_ACCESS_KEY_ID") == "" {
		env = append(env, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")
	}
	return env
}
