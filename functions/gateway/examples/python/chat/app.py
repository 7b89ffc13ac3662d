"""A chat: {"action":"say","text":"hello"} reaches everybody who is connected, with the name given at ?name=."""
import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def api(context):
    """A client that posts to the connections of the API that an event is from."""
    return boto3.client("apigatewaymanagementapi", endpoint_url=f"https://{context['domainName']}/{context['stage']}")


def post(client, connection, message):
    """Sends to one connection, and forgets it if it is gone."""
    try:
        client.post_to_connection(ConnectionId=connection, Data=json.dumps(message).encode())
    except client.exceptions.GoneException:
        table.delete_item(Key={"id": connection})


def connections():
    """The ids of all connections."""
    page = table.scan(ConsistentRead=True)
    yield from (item["id"] for item in page["Items"])
    while "LastEvaluatedKey" in page:
        page = table.scan(ConsistentRead=True, ExclusiveStartKey=page["LastEvaluatedKey"])
        yield from (item["id"] for item in page["Items"])


def say(context, text):
    sender = table.get_item(Key={"id": context["connectionId"]}).get("Item", {})
    client = api(context)
    for connection in connections():
        post(client, connection, {"from": sender.get("name"), "text": text})


def handler(event, _):
    context = event["requestContext"]
    connection, route = context["connectionId"], context["routeKey"]
    if route == "$connect":
        name = event.get("queryStringParameters", {}).get("name", "somebody")
        table.put_item(Item={"id": connection, "name": name})
    elif route == "$disconnect":
        table.delete_item(Key={"id": connection})
    elif route == "say":
        say(context, json.loads(event["body"])["text"])
    else:
        post(api(context), connection, {"error": 'say something: {"action":"say","text":"hello"}'})
    return {"statusCode": 200}
