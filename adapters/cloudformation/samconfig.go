package cloudformation

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v3"
)

// samConfig is what SAM's configuration file says about a deployment.
type samConfig struct {
	stackName, region string
	parameters        map[string]*node
}

// readConfig reads the file that the options name, or the one that sam would find.
func (r *reader) readConfig(template string, options Options) samConfig {
	config := samConfig{parameters: map[string]*node{}}
	environment := cmp.Or(options.Environment, "default")
	path := cmp.Or(options.Config, findConfig(filepath.Dir(template)))
	if path == "" {
		if options.Environment != "" {
			r.fail(Position{File: template}, "name the file", "there is no samconfig.toml for the environment %s", environment)
		}
		return config
	}
	all, err := parseConfig(path)
	if err != nil {
		r.fail(Position{File: path}, "correct the file", "%s", strings.Join(strings.Fields(err.Error()), " "))
		return config
	}
	commands, found := all[environment].(map[string]any)
	if !found && options.Environment != "" {
		r.fail(Position{File: path}, "it has "+environments(all), "has no environment %s", environment)
	}
	for _, command := range []string{"global", "deploy"} {
		section, _ := commands[command].(map[string]any)
		settings, _ := section["parameters"].(map[string]any)
		r.configure(&config, path, settings)
	}
	return config
}

// environments names those of a configuration file.
func environments(all map[string]any) string {
	names := slices.Sorted(maps.Keys(all))
	return strings.Join(slices.DeleteFunc(names, func(name string) bool { return name == "version" }), ", ")
}

// findConfig looks beside the template and, if that is built, where the build was called: .aws-sam/build is below it.
func findConfig(directory string) string {
	for _, folder := range []string{directory, filepath.Join(directory, "..", "..")} {
		for _, name := range []string{"samconfig.toml", "samconfig.yaml", "samconfig.yml"} {
			path := filepath.Join(folder, name)
			if _, err := os.Stat(path); err == nil {
				return path
			}
		}
		if absolute, _ := filepath.Abs(directory); filepath.Base(filepath.Dir(absolute)) != ".aws-sam" {
			return ""
		}
	}
	return ""
}

func parseConfig(path string) (map[string]any, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s", cause(err))
	}
	all := map[string]any{}
	if filepath.Ext(path) == ".toml" {
		return all, toml.Unmarshal(data, &all)
	}
	return all, yaml.Unmarshal(data, &all)
}

// configure takes over what one command's section has.
func (r *reader) configure(config *samConfig, path string, settings map[string]any) {
	if name, _ := settings["stack_name"].(string); name != "" {
		config.stackName = name
	}
	if region, _ := settings["region"].(string); region != "" {
		config.region = region
	}
	r.overrides(config, path, settings["parameter_overrides"])
}

// overrides takes over parameters in each form that sam takes: a text of Name=Value and ParameterKey=Name,
// ParameterValue=Value, a list of such texts, or a table.
func (r *reader) overrides(config *samConfig, path string, value any) {
	at := Position{File: path}
	switch value := value.(type) {
	case string:
		if strings.HasPrefix(value, "file://") {
			r.warn(at, "give its parameters by -p Name=Value", "parameter_overrides: %s is not read", short(value))
			return
		}
		for name, text := range parseOverrides(value) {
			config.parameters[name] = textAt(at, text)
		}
	case []any:
		for _, item := range value {
			r.overrides(config, path, item)
		}
	case map[string]any:
		for name, item := range value {
			config.parameters[name] = textAt(at, overrideText(item))
		}
	}
}

// overrideText is a table's value as sam writes it: lists with commas.
func overrideText(value any) string {
	items, isList := value.([]any)
	if !isList && value != nil {
		return fmt.Sprint(value)
	}
	var texts []string
	for _, item := range items {
		texts = append(texts, strings.TrimSpace(fmt.Sprint(item)))
	}
	return strings.Join(texts, ",")
}

// quoted is a value of parameter_overrides: in quotes, or up to a space that no backslash is before (samcli/cli/types.py).
const quoted = `("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\\.|[^ "\\])+)`

var (
	keyValuePairs = regexp.MustCompile(`ParameterKey=([A-Za-z0-9"']+),ParameterValue=` + quoted)
	assignments   = regexp.MustCompile(`(?:^| )([A-Za-z0-9"']+)=` + quoted)
)

func parseOverrides(text string) map[string]string {
	found := map[string]string{}
	text = strings.Join(strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == '\r' || c == '\t' }), " ")
	pairs := keyValuePairs.FindAllStringSubmatch(text, -1)
	if pairs == nil {
		pairs = assignments.FindAllStringSubmatch(text, -1)
	}
	for _, pair := range pairs {
		found[unquoted(pair[1])] = unquoted(pair[2])
	}
	return found
}

func unquoted(text string) string {
	if last := len(text) - 1; last > 0 && text[0] == text[last] && (text[0] == '"' || text[0] == '\'') {
		text = text[1:last]
	}
	return strings.NewReplacer(`\ `, " ", `\"`, `"`, `\'`, "'").Replace(text)
}
