#!/usr/bin/env bash
# Points the conformance suite at our gateway, at MiniStack and at serverless-offline, and writes the page of what came
# of it. Arguments: the folder of installed tools, the page. Everything that it starts has ended when it ends.
set -euo pipefail
tools=$(cd "$1" && pwd) page=$(realpath "$2") here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) pids=()
finish() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
	rm -rf "$work"
}
trap finish EXIT
cd "$here/../../.."
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
go build -o "$work/conformance" ./functions/conformance

free_port() { "$tools/ministack/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listening() { for _ in $(seq 300); do (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null && return; sleep 0.1; done; echo "nobody listens: $2" >&2; cat "$2" >&2; return 1; }
suite() { "$work/conformance" -json -wait 4s "$@" || [ $? = 1 ]; }

echo "our gateway"
CONFORMANCE_REPORT="$work/gateway.json" go test -count=1 -run TestLocalGateway ./functions/conformance

echo "MiniStack"
port=$(free_port)
export AWS_ENDPOINT_URL="http://127.0.0.1:$port"
env -i PATH="$PATH" HOME="$work" TMPDIR="$work" BIND_HOST=127.0.0.1 MINISTACK_HOST=localhost GATEWAY_PORT="$port" \
	IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 AWS_ENDPOINT_URL="$AWS_ENDPOINT_URL" AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test \
	AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true \
	"$tools/ministack/bin/python" "$here/start_ministack.py" >"$work/ministack.log" 2>&1 &
pids+=($!)
listening "$port" "$work/ministack.log"
export SAM_CLI_TELEMETRY=0
"$tools/sam/bin/sam" deploy -t "$here/../probe/template.yaml" --stack-name probe --resolve-s3 --capabilities CAPABILITY_IAM \
	--no-confirm-changeset --no-progressbar \
	--parameter-overrides "Callback=http://localhost:$port/_aws/execute-api/{api}/{stage}" >"$work/deploy.log" 2>&1 || { cat "$work/deploy.log" >&2; exit 1; }
"$tools/sam/bin/sam" list stack-outputs --stack-name probe --output json |
	sed -E "s#wss://([^.]+)\.execute-api[^/]*/#ws://127.0.0.1:$port/_aws/execute-api/\1/#" >"$work/outputs.json"
version=$("$tools/ministack/bin/pip" show ministack 2>/dev/null | sed -n 's/^Version: //p')
suite -name "MiniStack $version" -skip M17 -outputs "$work/outputs.json" >"$work/ministack.json"
unset AWS_ENDPOINT_URL

echo "serverless-offline"
mkdir "$work/offline"
cp "$here/../probe/index.mjs" "$here/../probe/serverless.yml" "$work/offline"
ln -s "$tools/conformance/node_modules" "$work/offline/node_modules"
echo '{"private":true}' >"$work/offline/package.json"
port=$(free_port)
(cd "$work/offline" && CALLBACK_PORT=$port SLS_TELEMETRY_DISABLED=1 exec node node_modules/osls/bin/serverless.js offline --host 127.0.0.1 \
	--httpPort "$(free_port)" --lambdaPort "$(free_port)" --websocketPort "$port" >"$work/offline.log" 2>&1) &
pids+=($!)
listening "$port" "$work/offline.log"
version=$(node -p "require('$tools/conformance/node_modules/serverless-offline/package.json').version")
suite -name "serverless-offline $version" -skip M08,M17,U07 -url "ws://127.0.0.1:$port" >"$work/offline.json"

"$work/conformance" -markdown "$work/gateway.json" "$work/ministack.json" "$work/offline.json" >"$page"
