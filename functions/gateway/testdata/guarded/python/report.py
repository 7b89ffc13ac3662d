import json
import os

import boto3

client = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["ENDPOINT"])


def handler(event, context):
    who = event["requestContext"]["authorizer"]
    connection = event["requestContext"]["connectionId"]
    client.post_to_connection(ConnectionId=connection, Data=json.dumps({"report": who["principalId"], "agent": who["agent"]}))
    return {"statusCode": 200}
