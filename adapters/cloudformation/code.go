package cloudformation

import (
	"os"
	"path/filepath"
	"strings"
)

// code finds a function's code: SAM's CodeUri, InlineCode, CloudFormation's Code, or the asset that CDK made of it.
func (r *reader) code(found *resource) Code {
	p := found.properties
	written := p.get("CodeUri")
	if written == nil {
		written = p.get("Code")
	}
	inline := p.get("InlineCode")
	if inline == nil {
		inline = p.get("Code", "ZipFile")
	}
	if inline != nil {
		text, _ := r.text(inline)
		return Code{Inline: text}
	}
	if asset, ok := r.asset(found); ok {
		return r.located(found.at, asset)
	}
	if written == nil {
		r.fail(found.at, "add CodeUri or Code with the path of its folder", "the function has no code")
		return Code{}
	}
	value := r.resolve(written)
	if value.is(unresolved) {
		return Code{}
	}
	if !value.is(scalar) || strings.Contains(value.text, "://") {
		r.fail(written.at, "give the template that `sam build` or `cdk synth` makes, or a folder", "the code is in S3")
		return Code{}
	}
	return r.located(written.at, value.text)
}

// located checks that code is there. Paths are relative to the template's folder.
func (r *reader) located(at Position, path string) Code {
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.directory, path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		r.fail(at, "give an absolute path", "%s", cause(err))
		return Code{}
	}
	info, err := os.Stat(absolute)
	switch extension := filepath.Ext(absolute); {
	case err != nil:
		r.fail(at, "correct the path, or build it first", "the code is not there: %s: %s", path, cause(err))
	case info.IsDir():
		return Code{Directory: absolute}
	case extension == ".zip" || extension == ".jar":
		return Code{Archive: absolute}
	default:
		r.fail(at, "give the folder that it is in", "the code is neither a folder nor an archive: %s", path)
	}
	return Code{}
}

// asset returns where CDK has put a function's code: its metadata says so, or its key in S3 has the same hash.
func (r *reader) asset(found *resource) (path string, ok bool) {
	metadata := found.node.get("Metadata")
	if path := metadata.get("aws:asset:path"); path.is(scalar) && metadata.get("aws:asset:property").is(scalar) && metadata.get("aws:asset:property").text == "Code" {
		return path.text, true
	}
	key := found.properties.get("Code", "S3Key")
	if !key.is(scalar) {
		return "", false
	}
	hash, extension := strings.TrimSuffix(filepath.Base(key.text), ".zip"), filepath.Ext(key.text)
	for _, name := range []string{"asset." + hash, "asset." + hash + extension} {
		if _, err := os.Stat(filepath.Join(r.directory, name)); err == nil {
			return name, true
		}
	}
	return "", false
}
