package functions_test

import (
	"slices"
	"strings"
)

// statements returns what a function's Policies allow, of which SAM makes its role. A statement under the condition
// that there is a key comes as what it says if there is one.
func statements(t template, id string) (all []object) {
	policies, _ := t.properties(id)["Policies"].([]any)
	for _, policy := range policies {
		items, _ := at(policy, "Statement").([]any)
		for _, item := range items {
			if choice, ok := at(item, "Fn::If").([]any); ok && choice[0] == "HasKmsKey" {
				item = choice[1]
			}
			all = append(all, item.(object))
		}
	}
	return all
}

// checkRoles finds functions whose rights are not all in their statements. What SAM gives every role besides, for its
// log, its traces and a VPC, are AWS's AWSLambdaBasicExecutionRole, AWSXrayWriteOnlyAccess and
// AWSLambdaVPCAccessExecutionRole, as its translator 1.115.0 does.
func checkRoles(t template, wrong report) {
	for _, id := range append(functions(t), "") {
		p := t.properties(id)
		if id == "" {
			id, p = "Globals", t.section("Globals", "Function")
		}
		for _, property := range []string{"Role", "Events", "PermissionsBoundary"} {
			if p[property] != nil {
				wrong("%s has %s, so that its rights are not those of its Policies", id, property)
			}
		}
		policies, isList := p["Policies"].([]any)
		if p["Policies"] != nil && !isList {
			wrong("%s has the policy %v of others", id, p["Policies"])
		}
		for _, policy := range policies {
			if at(policy, "Statement") == nil {
				wrong("%s has the policy %v of others", id, policy)
			}
		}
	}
}

// granted returns what a function may do, by service.
func granted(t template, id string) map[string][]string {
	rights := map[string][]string{}
	for _, statement := range statements(t, id) {
		for _, action := range list(statement["Action"]) {
			service, _, _ := strings.Cut(action, ":")
			rights[service] = append(rights[service], action)
		}
	}
	return rights
}

// checkRights finds rights that are wider than any function's need, and those to use a key. TestRoles compares the
// others with what each function calls.
func checkRights(t template, wrong report) {
	for _, id := range functions(t) {
		for _, statement := range statements(t, id) {
			for _, action := range list(statement["Action"]) {
				checkAction(id, action, statement["Resource"], wrong)
			}
		}
		checkKey(id, granted(t, id), wrong)
	}
}

// checkKey compares the rights to use a key with what is encrypted: who uses the table decrypts, who sends to a
// queue makes data keys too.
func checkKey(id string, rights map[string][]string, wrong report) {
	var want []string
	if rights["dynamodb"] != nil {
		want = []string{"kms:Decrypt"}
	}
	if rights["sqs"] != nil {
		want = []string{"kms:Decrypt", "kms:GenerateDataKey"}
	}
	if !slices.Equal(rights["kms"], want) {
		wrong("%s may %v with the key, it needs %v", id, rights["kms"], want)
	}
}

func checkAction(function, action string, resource any, wrong report) {
	if strings.Contains(action, "*") || action == "dynamodb:Scan" || !strings.Contains(action, ":") {
		wrong("%s may %s", function, action)
	}
	if slices.Contains(list(resource), "*") || resource == nil {
		wrong("%s may %s everywhere", function, action)
	}
}

// connections is what a function may post to, and nothing else of the API.
const connections = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WsApi}/${Stage}/POST/@connections/*"

// checkKeys finds what is kept and not encrypted with the key that a deployment brings.
func checkKeys(t template, wrong report) {
	for kind, path := range map[string][]string{
		"AWS::DynamoDB::Table": {"SSESpecification", "KMSMasterKeyId"},
		"AWS::SQS::Queue":      {"KmsMasterKeyId"},
		"AWS::Logs::LogGroup":  {"KmsKeyId"},
	} {
		for _, id := range t.ofType(kind) {
			choice, _ := at(t.properties(id), append(path, "Fn::If")...).([]any)
			if len(choice) != 3 || choice[0] != "HasKmsKey" || referred(choice[1]) != "KmsKeyArn" {
				wrong("%s does not take the key", id)
			}
		}
	}
}
