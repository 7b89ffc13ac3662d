package cloudformation

import (
	"crypto/sha256"
	"strings"
)

// shape says what Ref and GetAtt of a type of resource return. In its texts {name} is what property has, or else the
// logical id; {id} an API's id; {ref} and {arn} are those of the shape.
type shape struct {
	// property has the name. Empty is none.
	property string
	// ref is {name} if it is empty.
	ref, arn   string
	attributes map[string]string
}

// attributes are an attribute's name and its text by turns.
func attributes(pairs ...string) map[string]string {
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}

const (
	lambdaARN = "arn:{partition}:lambda:{region}:{account}:"
	statesARN = "arn:{partition}:states:{region}:{account}:stateMachine:{name}"
)

var (
	apiShape   = shape{ref: "{id}", attributes: attributes("ApiId", "{id}", "RestApiId", "{id}", "ApiEndpoint", "wss://{id}.execute-api.{region}.{suffix}")}
	tableShape = shape{property: "TableName", arn: "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
		attributes: attributes("StreamArn", "{arn}/stream/2000-01-01T00:00:00.000")}
	layerShape = shape{property: "LayerName", ref: "{arn}", arn: lambdaARN + "layer:{name}:1"}
)

// shapes are those of the types that APIs, and environments of functions, refer to most.
var shapes = map[string]shape{
	"AWS::ApiGateway::Account":               {},
	"AWS::ApiGateway::RestApi":               apiShape,
	"AWS::ApiGatewayV2::Api":                 apiShape,
	"AWS::ApiGatewayV2::ApiMapping":          {},
	"AWS::ApiGatewayV2::Authorizer":          {attributes: attributes("AuthorizerId", "{name}")},
	"AWS::ApiGatewayV2::Deployment":          {attributes: attributes("DeploymentId", "{name}")},
	"AWS::ApiGatewayV2::DomainName":          {property: "DomainName"},
	"AWS::ApiGatewayV2::Integration":         {attributes: attributes("IntegrationId", "{name}")},
	"AWS::ApiGatewayV2::IntegrationResponse": {},
	"AWS::ApiGatewayV2::Model":               {},
	"AWS::ApiGatewayV2::Route":               {attributes: attributes("RouteId", "{name}")},
	"AWS::ApiGatewayV2::RouteResponse":       {},
	"AWS::ApiGatewayV2::Stage":               {property: "StageName"},
	"AWS::DynamoDB::GlobalTable":             tableShape,
	"AWS::DynamoDB::Table":                   tableShape,
	"AWS::Events::EventBus": {property: "Name", arn: "arn:{partition}:events:{region}:{account}:event-bus/{name}",
		attributes: attributes("Name", "{name}")},
	"AWS::IAM::Role":                  {property: "RoleName", arn: "arn:{partition}:iam::{account}:role/{name}"},
	"AWS::Kinesis::Stream":            {property: "Name", arn: "arn:{partition}:kinesis:{region}:{account}:stream/{name}"},
	"AWS::Lambda::EventSourceMapping": {},
	"AWS::Lambda::Function":           {property: "FunctionName", arn: lambdaARN + "function:{name}"},
	"AWS::Lambda::LayerVersion":       layerShape,
	"AWS::Lambda::Permission":         {},
	"AWS::Logs::LogGroup":             {property: "LogGroupName", arn: "arn:{partition}:logs:{region}:{account}:log-group:{name}:*"},
	"AWS::S3::Bucket": {property: "BucketName", arn: "arn:{partition}:s3:::{name}",
		attributes: attributes("DomainName", "{name}.s3.{suffix}", "RegionalDomainName", "{name}.s3.{region}.{suffix}")},
	"AWS::SNS::Topic": {property: "TopicName", ref: "{arn}", arn: "arn:{partition}:sns:{region}:{account}:{name}",
		attributes: attributes("TopicArn", "{arn}", "TopicName", "{name}")},
	"AWS::SQS::Queue": {property: "QueueName", ref: "https://sqs.{region}.{suffix}/{account}/{name}", arn: "arn:{partition}:sqs:{region}:{account}:{name}",
		attributes: attributes("QueueName", "{name}", "QueueUrl", "{ref}")},
	"AWS::SSM::Parameter":              {property: "Name"},
	"AWS::Serverless::Api":             apiShape,
	"AWS::Serverless::HttpApi":         apiShape,
	"AWS::Serverless::LayerVersion":    layerShape,
	"AWS::Serverless::SimpleTable":     tableShape,
	"AWS::Serverless::StateMachine":    {property: "Name", ref: "{arn}", arn: statesARN},
	"AWS::StepFunctions::StateMachine": {property: "StateMachineName", ref: "{arn}", arn: statesARN},
}

// named resolves a name: that of a parameter, a pseudo parameter or a resource.
func (r *reader) named(at Position, name string) *node {
	if r.root.get("Parameters", name) != nil {
		return r.parameterValue(at, name)
	}
	if strings.HasPrefix(name, "AWS::") {
		return r.pseudo(at, name)
	}
	if found := r.existing(at, name); found != nil {
		return r.reference(at, found)
	}
	return &node{kind: unresolved, at: at}
}

func (r *reader) parameterValue(at Position, name string) *node {
	value := r.values[name]
	if value == nil {
		return r.fail(at, "give -p "+name+"=Value, the value itself", "the parameter %s is in Parameter Store, which is not asked", name)
	}
	placed := *value
	placed.at = at
	return &placed
}

func (r *reader) pseudo(at Position, name string) *node {
	partition, suffix := partitionOf(r.options.Region)
	switch name {
	case "AWS::NoValue":
		return &node{at: at}
	case "AWS::Region":
		return textAt(at, r.options.Region)
	case "AWS::AccountId":
		return textAt(at, r.options.AccountID)
	case "AWS::StackName":
		return textAt(at, r.options.StackName)
	case "AWS::StackId":
		id := "arn:" + partition + ":cloudformation:" + r.options.Region + ":" + r.options.AccountID + ":stack/" + r.options.StackName
		return textAt(at, id+"/00000000-0000-0000-0000-000000000000")
	case "AWS::Partition":
		return textAt(at, partition)
	case "AWS::URLSuffix":
		return textAt(at, suffix)
	case "AWS::NotificationARNs":
		return listAt(at)
	}
	return r.fail(at, "correct the name", "there is no pseudo parameter %s", short(name))
}

// partitionOf returns a region's partition and the suffix of its host names.
func partitionOf(region string) (partition, suffix string) {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn", "amazonaws.com.cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov", "amazonaws.com"
	}
	return "aws", "amazonaws.com"
}

// existing returns the resource of a name, or of what SAM calls Function.Alias; nil if that was reported.
func (r *reader) existing(at Position, name string) *resource {
	if id, ok := r.referable[name]; ok {
		name = id
	}
	found := r.resources[name]
	switch {
	case found == nil:
		r.fail(at, "correct the name, or define it", "there is no parameter and no resource %s", short(name))
		return nil
	case !found.exists:
		r.fail(at, "use Fn::If with the same condition", "%s is not there: its condition %s does not hold", name, found.node.get("Condition").text)
		return nil
	}
	return found
}

// reference returns what Ref of a resource gives.
func (r *reader) reference(at Position, found *resource) *node {
	if value, given := r.options.Values[found.id]; given {
		return textAt(at, value)
	}
	switch found.kind {
	case "AWS::Lambda::Alias":
		return r.qualified(at, found, "Name")
	case "AWS::Lambda::Version":
		return r.qualified(at, found, "")
	}
	known, ok := shapes[found.kind]
	if !ok {
		r.warn(at, "give it by -value "+found.id+"=Value", "what AWS would give for %s of %s is not known here", found.id, found.kind)
	}
	text := known.ref
	if text == "" {
		text = "{name}"
	}
	return r.fill(at, found, known, text)
}

// attribute returns what GetAtt of a resource gives.
func (r *reader) attribute(at Position, id, attribute string) *node {
	if value, given := r.options.Values[id+"."+attribute]; given {
		return textAt(at, value)
	}
	if _, ok := r.referable[id+"."+attribute]; ok {
		return r.named(at, id+"."+attribute)
	}
	found := r.existing(at, id)
	if found == nil {
		return &node{kind: unresolved, at: at}
	}
	if found.kind == "AWS::Lambda::Version" && attribute == "FunctionArn" || found.kind == "AWS::Lambda::Alias" && attribute == "AliasArn" {
		return r.reference(at, found)
	}
	known := shapes[found.kind]
	if text := known.attributes[attribute]; text != "" {
		return r.fill(at, found, known, text)
	}
	if attribute == "Arn" && known.arn != "" {
		return r.fill(at, found, known, "{arn}")
	}
	r.warn(at, "give it by -value "+id+"."+attribute+"=Value", "what AWS would give for %s.%s of %s is not known here", id, attribute, found.kind)
	return textAt(at, id+"."+attribute)
}

// fill puts values into the text of a shape.
func (r *reader) fill(at Position, found *resource, known shape, text string) *node {
	name := textAt(at, found.id)
	if strings.Contains(text+known.ref+known.arn, "{name}") {
		name = r.name(at, found, known.property)
	}
	if !name.is(scalar) {
		return name
	}
	partition, suffix := partitionOf(r.options.Region)
	text = strings.NewReplacer("{ref}", known.ref, "{arn}", known.arn).Replace(text)
	return textAt(at, strings.NewReplacer("{name}", name.text, "{id}", apiID(found.id), "{partition}", partition, "{suffix}", suffix,
		"{region}", r.options.Region, "{account}", r.options.AccountID).Replace(text))
}

// name returns a resource's name: the one that its property has, or its logical id in the letters that AWS takes.
func (r *reader) name(at Position, found *resource, property string) *node {
	if value, given := r.options.Values[found.id]; given && found.kind != "AWS::SQS::Queue" && found.kind != "AWS::SNS::Topic" {
		return textAt(at, value)
	}
	if written := found.properties.get(property); property != "" && written != nil {
		return r.nameOf(at, found, written)
	}
	switch name := found.id; {
	case found.kind == "AWS::S3::Bucket":
		return textAt(at, strings.ToLower(name))
	case found.properties.get("FifoQueue").isTrue() || found.properties.get("FifoTopic").isTrue():
		return textAt(at, name+".fifo")
	default:
		return textAt(at, name)
	}
}

// nameOf resolves the name that a resource's property has, which may be made of other resources' names.
func (r *reader) nameOf(at Position, found *resource, written *node) *node {
	if r.naming[found.id] {
		return r.fail(at, "break the cycle", "the name of %s depends on itself", found.id)
	}
	r.naming[found.id] = true
	defer delete(r.naming, found.id)
	name := r.resolve(written)
	if name.is(missing) {
		return textAt(at, found.id)
	}
	return name
}

func (n *node) isTrue() bool { return n.is(scalar) && n.text == "true" }

// qualified returns the ARN of an alias, whose name a property has, or of a version.
func (r *reader) qualified(at Position, found *resource, property string) *node {
	qualifier := "1"
	if property != "" {
		qualifier, _ = r.text(found.properties.get(property))
	}
	function, ok := r.text(found.properties.get("FunctionName"))
	if !ok {
		return &node{kind: unresolved, at: at}
	}
	if !strings.HasPrefix(function, "arn:") {
		partition, _ := partitionOf(r.options.Region)
		function = "arn:" + partition + ":lambda:" + r.options.Region + ":" + r.options.AccountID + ":function:" + function
	}
	return textAt(at, function+":"+qualifier)
}

// apiID makes ten lower-case letters and digits of a logical id, as API Gateway's ids have them.
func apiID(logicalID string) string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	sum := sha256.Sum256([]byte(logicalID))
	id := make([]byte, 10)
	for i := range id {
		id[i] = letters[sum[i]%32]
	}
	return string(id)
}
