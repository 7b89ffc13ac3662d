# Calls /@connections of a stage by its name on AWS. Arguments: the stage's URL, an open connection's id, an unknown id.
import sys

import boto3

stage, opened, unknown = sys.argv[1:]
api = boto3.client("apigatewaymanagementapi", endpoint_url=stage)
api.post_to_connection(ConnectionId=opened, Data=b"hello from python")
try:
    api.post_to_connection(ConnectionId=unknown, Data=b"x")
except api.exceptions.GoneException:
    print("gone")
