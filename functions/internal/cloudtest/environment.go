package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var quoted = regexp.MustCompile(`"(\w+=[^"]*)"`)

// parametersOf reads the parameters of an environment of samconfig.toml: Name=value. sam would use either those or
// the ones it is given, not both.
func parametersOf(root, environment string) (parameters []string, err error) {
	text, err := os.ReadFile(filepath.Join(root, "samconfig.toml"))
	if err != nil {
		return nil, err
	}
	_, section, found := strings.Cut(string(text), "["+environment+".global.parameters]")
	_, section, ok := strings.Cut(section, "\nparameter_overrides = [")
	if !found || !ok {
		return nil, fmt.Errorf("samconfig.toml has no parameters for %s", environment)
	}
	section, _, _ = strings.Cut(section, "]")
	for _, match := range quoted.FindAllStringSubmatch(section, -1) {
		parameters = append(parameters, match[1])
	}
	return parameters, nil
}
