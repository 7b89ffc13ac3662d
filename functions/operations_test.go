package functions_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"wsecho/functions/internal/wiring"
)

// manual is docs/operations.md, whose figures and names come from the template.
func manual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// flowing is a text without its line breaks.
func flowing(text string) string { return strings.Join(strings.Fields(text), " ") }

func parsedTemplate(t *testing.T) template {
	t.Helper()
	parsed, err := parseTemplate(readTemplate(t))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// thousands writes a number as the manual does.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// TestManualTimes recomputes the manual's figures from the template's defaults.
func TestManualTimes(t *testing.T) {
	parsed, text := parsedTemplate(t), flowing(manual(t))
	number := func(name string) int { n, _ := parsed.at("Parameters", name, "Default").(int); return n }
	rate, workers, broadcasts := number("CallbackRate"), number("MaximumConcurrency"), number("BroadcastRate")
	share := rate / (2*workers + wiring.RetryConcurrency)
	for _, want := range []string{
		fmt.Sprintf("`CallbackRate` %s", thousands(rate)),
		fmt.Sprintf("`MaximumConcurrency` %d", workers),
		fmt.Sprintf("%s posts a second each", thousands(share)),
		fmt.Sprintf("one broadcast to 100,000 takes %d s", 100_000/(share*workers)),
		fmt.Sprintf("workers take up to %d", 2*workers+wiring.RetryConcurrency),
		fmt.Sprintf("of one worker: %d", share),
		fmt.Sprintf("A room of 100 gets %d frames a second at most and costs %d posts a second", share/100, share),
		fmt.Sprintf("%s dollars an hour", dollars(float64(share)*3600/1e6)), // At a dollar a million.
		fmt.Sprintf("%d a second in a room of 100, and %d in one of 1,000", share/100*100, workers*share*100/1000),
		// A message to at most 125 is posted by who takes it in; see domain.FanOut.
		fmt.Sprintf("%d × 125 = %s", broadcasts, thousands(broadcasts*125)),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("docs/operations.md does not say %q", want)
		}
	}
}

func dollars(amount float64) string { return fmt.Sprintf("%.2f", amount) }

// TestManualCost recomputes what a stack costs that nobody uses.
func TestManualCost(t *testing.T) {
	both, _, err := parseStacks(readTemplate(t), readMonitoring(t))
	if err != nil {
		t.Fatal(err)
	}
	const dashboard, million, month = 3.00, 0.40, 30 * 24 * 3600
	alarms, queues := len(both.ofType("AWS::CloudWatch::Alarm")), len(both.ofType("AWS::Lambda::EventSourceMapping"))
	requests := 5 * month / 20
	asking := float64(queues*requests) / 1e6 * million
	for _, want := range []string{
		fmt.Sprintf("alarms, 0.10 each 0.00 %[1]s dev has none, prod all %[2]d alarms %[1]s", dollars(float64(alarms)/10), alarms),
		fmt.Sprintf("%s requests a month and queue", thousands(requests)),
		fmt.Sprintf("queues %[1]s %[1]s", dollars(asking)),
		fmt.Sprintf("sum %s %s", dollars(asking), dollars(asking+dashboard+float64(alarms)/10)),
	} {
		if !strings.Contains(flowing(manual(t)), want) {
			t.Errorf("docs/operations.md does not say %q", want)
		}
	}
	all := readEnvironments(t)
	if dev, prod := all["dev"].parameters(), all["prod"].parameters(); dev["Monitoring"]+dev["AlarmTopic"]+dev["GradualDeploy"] != "" || prod["Monitoring"] != "true" {
		t.Error("dev has alarms, or prod has none")
	}
}

var (
	setting = regexp.MustCompile(`\b([A-Z][a-z]+[A-Za-z]*)=[^=]`)
	region  = regexp.MustCompile("(?m)^\\|.*`([a-z]{2}-[a-z]+-\\d)`")
)

// TestManualNames finds parameters that the template does not have.
func TestManualNames(t *testing.T) {
	parsed, text := parsedTemplate(t), manual(t)
	for _, match := range setting.FindAllStringSubmatch(text, -1) {
		if parsed.at("Parameters", match[1]) == nil && !slices.Contains([]string{"Name", "Value"}, match[1]) {
			t.Errorf("docs/operations.md sets %s, which the template does not have", match[1])
		}
	}
}

// TestManualRegions counts the regions where an account is accepted a quarter.
func TestManualRegions(t *testing.T) {
	if regions := region.FindAllString(manual(t), -1); len(regions) != 13 {
		t.Errorf("docs/operations.md lists %d regions with 2,500 requests/s, there are 13", len(regions))
	}
}

var keyPolicy = regexp.MustCompile("(?s)```json\n(.*?)```")

// TestManualKeyPolicy holds the key policy that operators copy to what each service needs of a key.
func TestManualKeyPolicy(t *testing.T) {
	block := keyPolicy.FindStringSubmatch(manual(t))
	if block == nil {
		t.Fatal("docs/operations.md has no key policy")
	}
	var policy struct{ Statement []object }
	if err := json.Unmarshal([]byte(block[1]), &policy); err != nil {
		t.Fatal(err)
	}
	for _, statement := range policy.Statement {
		if !regexp.MustCompile(`^[A-Za-z0-9 ]+$`).MatchString(fmt.Sprint(statement["Sid"])) {
			t.Errorf("KMS refuses the Sid %q", statement["Sid"])
		}
	}
	for who, want := range map[string][]string{
		"logs.<region>.amazonaws.com":          {"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"},
		"arn:aws:iam::<account>:role/deployer": {"kms:CreateGrant", "kms:DescribeKey"},
		"arn:aws:iam::<account>:role/sender":   {"kms:Decrypt", "kms:GenerateDataKey"},
		"arn:aws:iam::<account>:root":          {"kms:*"},
	} {
		i := slices.IndexFunc(policy.Statement, func(s object) bool { return strings.Contains(fmt.Sprint(s["Principal"]), who) })
		if i < 0 {
			t.Errorf("the key policy has no statement for %s", who)
			continue
		}
		for _, action := range want {
			if !slices.Contains(list(policy.Statement[i]["Action"]), action) {
				t.Errorf("%s may not %s", who, action)
			}
		}
		if strings.HasPrefix(who, "logs") && at(policy.Statement[i], "Condition", "ArnLike", "kms:EncryptionContext:aws:logs:arn") == nil {
			t.Error("every log group of AWS could use the key")
		}
	}
}

// TestManualFirstHour finds something to look at without its command, or without what should be seen.
func TestManualFirstHour(t *testing.T) {
	_, hour, found := strings.Cut(manual(t), "\n## The first hour on a real account\n")
	hour, _, _ = strings.Cut(hour, "\n## ")
	steps := strings.Split(hour, "\n### ")[1:]
	if !found || len(steps) != 6 {
		t.Fatalf("the first hour has %d things to look at, want 6", len(steps))
	}
	for _, step := range steps {
		title, text, _ := strings.Cut(step, "\n")
		if !regexp.MustCompile(`(?m)^    (aws|make|for) `).MatchString(text) || !strings.Contains(text, "Seen:") {
			t.Errorf("%q has no command, or not what should be seen", title)
		}
	}
	for _, want := range []string{"throttleSettings", "LogLevel=WARN", "$disconnect", "get-stage", "describe-log-groups", "--template-stage Processed", "get-alias", "--use-previous-template"} {
		if !strings.Contains(manual(t), want) {
			t.Errorf("docs/operations.md does not say %s", want)
		}
	}
}
