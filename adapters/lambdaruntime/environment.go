package lambdaruntime

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// ProxyVariable is the variable of a function's Env from which Node functions learn of a proxy, as
// http://user:password@127.0.0.1:port: connections to https://*.execute-api.*.amazonaws.com go through it by CONNECT.
// AWS's SDK for Node takes no notice of HTTPS_PROXY. What the proxy's certificate is signed by goes into
// NODE_EXTRA_CA_CERTS.
const ProxyVariable = "WSGATEWAY_PROXY"

// environment is what a process finds: the variables that Lambda defines
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html), and the function's own.
func (pr *process) environment(address string) []string {
	f, o := pr.pool.function, pr.pool.options
	env := []string{
		"LANG=en_US.UTF-8", "TZ=:UTC",
		"_HANDLER=" + f.Handler,
		"LAMBDA_TASK_ROOT=" + f.Dir,
		"LAMBDA_RUNTIME_DIR=" + pr.pool.shims,
		"AWS_REGION=" + o.Region, "AWS_DEFAULT_REGION=" + o.Region,
		"AWS_LAMBDA_FUNCTION_NAME=" + f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + pr.stream,
	}
	if f.Runtime != "" && !strings.HasPrefix(f.Runtime, "provided") {
		env = append(env, "AWS_EXECUTION_ENV=AWS_Lambda_"+f.Runtime)
	}
	env = append(env, inherited()...)
	env = append(env, credentials(f.Env)...)
	env = append(env, f.Env...)
	return append(env, "AWS_LAMBDA_RUNTIME_API="+address)
}

// inherited is what a process needs of this machine. SystemRoot is for Windows, where nothing starts without it.
func inherited() (env []string) {
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "SystemRoot"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// credentials are made up if the function has none: SDKs sign with them, and in Lambda there are always some.
func credentials(own []string) []string {
	if slices.ContainsFunc(own, func(s string) bool { return strings.HasPrefix(s, "AWS_ACCESS_KEY_ID=") }) {
		return nil
	}
	return []string{"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_SESSION_TOKEN=local"}
}

// arn names the function as Lambda does.
func (p *Pool) arn() string {
	return "arn:aws:lambda:" + p.options.Region + ":" + p.options.AccountID + ":function:" + p.function.Name
}
