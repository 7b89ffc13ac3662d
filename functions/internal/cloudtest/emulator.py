"""Start MiniStack, an emulator of AWS, as wsEcho's deployment needs it; end it with standard input.

What it lacks or does differently is added here from the outside, through names that are private to
it; hence the exact version, which is checked.
"""

import functools
import importlib.metadata
import inspect
import json
import os
import re
import signal
import socketserver
import sys
import threading

WRITTEN_FOR = "1.5.33"


def main():
    have = importlib.metadata.version("ministack")
    if have != WRITTEN_FOR:
        sys.exit(f"ministack is {have}, but this launcher is written for {WRITTEN_FOR}")

    from ministack import app
    from ministack.services import apigateway, lambda_svc
    from ministack.services.cloudformation import handlers, language_extensions, provisioners

    end_with_standard_input()
    answer_small_packets_at_once()
    add_responses(apigateway, provisioners._RESOURCE_HANDLERS)
    accept_without_effect(provisioners._RESOURCE_HANDLERS)
    ask_authorizers_without_identity_source(provisioners._RESOURCE_HANDLERS)
    refuse_with_401(apigateway, lambda_svc)
    read_numbers_of_event_sources(provisioners._RESOURCE_HANDLERS)
    select_custom_routes_only(apigateway)
    hold_replies_to_route_responses(apigateway)
    name_templates_as_aws(handlers._ACTION_HANDLERS)
    put_parameters_in_place(language_extensions)
    app.main()


def end_with_standard_input():
    """Whoever started the emulator holds the other end, so that it never outlives them."""

    def wait():
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def answer_small_packets_at_once():
    """Nagle's algorithm and delayed acknowledgements cost each function call some 40 ms."""
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True


def add_responses(apigateway, handlers):
    """CloudFormation refuses these two types, although the API Gateway behind it knows them."""
    handlers["AWS::ApiGatewayV2::RouteResponse"] = handler(
        "RouteId", "routeResponseId", apigateway._create_route_response, apigateway._delete_route_response)
    handlers["AWS::ApiGatewayV2::IntegrationResponse"] = handler(
        "IntegrationId", "integrationResponseId",
        apigateway._create_integration_response, apigateway._delete_integration_response)


# What CloudFormation creates on AWS, and here only says that it did.
WITHOUT_EFFECT = [
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Logs::QueryDefinition",
]


def accept_without_effect(handlers):
    """Types that no test of this deployment can see the effect of, so that all the others are deployed."""
    for kind in WITHOUT_EFFECT:
        if kind in handlers:
            sys.exit(f"this MiniStack knows {kind}: take it off the list")
        handlers[kind] = {
            "create": lambda logical_id, props, stack_name: (f"{stack_name}-{logical_id}", {}),
            "update": lambda physical_id, old, new, *rest: (physical_id, {}),
            "delete": lambda physical_id, props: None,
        }
    print("deployed without effect:", ", ".join(WITHOUT_EFFECT), flush=True)


def handler(parent, key, create, delete):
    """A resource handler over an API Gateway call that takes the API, the parent and a body."""

    def parent_id(props):
        return props[parent].rsplit("/", 1)[-1]

    def create_resource(logical_id, props, stack_name):
        body = {name[0].lower() + name[1:]: value for name, value in props.items()}
        status, _headers, reply = create(props["ApiId"], parent_id(props), body)
        if status >= 400:
            raise ValueError(f"{logical_id}: {reply!r}")
        return json.loads(reply)[key], {}

    def delete_resource(physical_id, props):
        delete(props["ApiId"], parent_id(props), physical_id)

    return {"create": create_resource, "delete": delete_resource}


def ask_authorizers_without_identity_source(handlers):
    """AWS asks an authorizer that names no identity source about every client.

    MiniStack's CloudFormation puts a header in its place and refuses those that come without it.
    """
    change_properties(handlers["AWS::ApiGatewayV2::Authorizer"], lambda props: {"IdentitySource": [], **props})


class Unauthorized(Exception):
    """An authorizer failed with the message that API Gateway understands."""


def refuse_with_401(apigateway, lambda_svc):
    """AWS answers 401 if an authorizer's error is "Unauthorized"; MiniStack takes it for a fault, 500."""
    execute, authorize = lambda_svc._execute_function_with_config_scope, apigateway._authorize_ws_connect

    @functools.wraps(execute)
    def execute_as_aws(*args, **kwargs):
        result = execute(*args, **kwargs)
        body = result.get("body") if result and result.get("error") else None
        if isinstance(body, (str, bytes)):
            body = json.loads(body)
        if isinstance(body, dict) and body.get("errorMessage") == "Unauthorized":
            raise Unauthorized
        return result

    @functools.wraps(authorize)
    async def authorize_as_aws(*args, **kwargs):
        try:
            return await authorize(*args, **kwargs)
        except Unauthorized:
            return (401, "Unauthorized"), None

    lambda_svc._execute_function_with_config_scope = execute_as_aws
    apigateway._authorize_ws_connect = authorize_as_aws


def read_numbers_of_event_sources(handlers):
    """A parameter's number arrives as text. AWS reads it; MiniStack's worker stops at it."""

    def with_number(props):
        scaling = props.get("ScalingConfig")
        if not scaling:
            return props
        return {**props, "ScalingConfig": {"MaximumConcurrency": int(scaling["MaximumConcurrency"])}}

    change_properties(handlers["AWS::Lambda::EventSourceMapping"], with_number)


def change_properties(handlers, change):
    """Let a resource's handlers see its properties changed."""
    create, update = handlers["create"], handlers["update"]
    handlers["create"] = lambda logical_id, props, *rest: create(logical_id, change(props), *rest)
    handlers["update"] = lambda physical_id, old, new, *rest: update(physical_id, old, change(new), *rest)


def select_custom_routes_only(apigateway):
    """No message is for $connect or $disconnect, and none is nested too deeply to have a route."""
    evaluate = apigateway._evaluate_route_selection

    def evaluate_as_aws(expression, message):
        try:
            key = evaluate(expression, message)
        except RecursionError:
            return "$default"
        return "$default" if key.startswith("$") else key

    apigateway._evaluate_route_selection = evaluate_as_aws


def hold_replies_to_route_responses(apigateway):
    """AWS drops a function's body unless its route has a route response and an expression for it."""
    invoke = apigateway._invoke_ws_lambda
    signature = inspect.signature(invoke)

    @functools.wraps(invoke)
    async def invoke_as_aws(*args, **kwargs):
        response = await invoke(*args, **kwargs)
        call = signature.bind(*args, **kwargs).arguments
        route, responses = call["route"], apigateway._route_responses.get(call["api_id"], {})
        two_way = route.get("routeResponseSelectionExpression") and responses.get(route["routeId"])
        if response and call["event_type"] == "MESSAGE" and not two_way:
            return {**response, "body": None}
        return response

    apigateway._invoke_ws_lambda = invoke_as_aws


def name_templates_as_aws(actions):
    """The template of a stack within a stack is named by its URL in S3, and `sam delete` reads only AWS's."""
    get = actions["GetTemplate"]

    def get_as_aws(params):
        status, headers, body = get(params)
        return status, headers, body.replace(os.environ["AWS_ENDPOINT_URL"].encode() + b"/", b"https://s3.amazonaws.com/")

    actions["GetTemplate"] = get_as_aws


def put_parameters_in_place(language_extensions):
    """AWS::LanguageExtensions "resolves parameters to literal values"; MiniStack leaves what refers to them.

    Not in Globals, which is no section of CloudFormation's: SAM's own implementation leaves it alone as well.
    Source: AWS, "AWS::LanguageExtensions transform" of the CloudFormation template reference; aws-sam-cli,
    samcli/lib/cfn_language_extensions/api.py.
    """
    apply = language_extensions.apply

    def put(node, values):
        if isinstance(node, list):
            return [put(item, values) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1 and isinstance(node.get("Ref"), str):
            return values.get(node["Ref"], node)
        if len(node) == 1 and isinstance(node.get("Fn::Sub"), str):
            return {"Fn::Sub": re.sub(r"\$\{(\w+)\}", lambda name: str(values.get(name[1], name[0])), node["Fn::Sub"])}
        return {key: put(value, values) for key, value in node.items()}

    def apply_as_aws(template, parameters):
        done = apply(template, parameters)
        done = {section: put(body, parameters) if section in ("Resources", "Outputs") else body
                for section, body in done.items()}
        # SAM itself looks up what this refers to, in values that MiniStack does not give it.
        function = done.get("Globals", {}).get("Function", {})
        if "DeploymentPreference" in function:
            function = {**function, "DeploymentPreference": put(function["DeploymentPreference"], parameters)}
            done["Globals"] = {**done["Globals"], "Function": function}
        return done

    language_extensions.apply = apply_as_aws


if __name__ == "__main__":
    main()
