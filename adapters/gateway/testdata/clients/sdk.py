# Calls /@connections with boto3 and prints what it makes of the answers.
# Arguments: the stage's URL, an open connection's id, a closed one's, the URL of a stage that throttles.
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

stage, opened, closed, throttled = sys.argv[1:]


def client(url):
    return boto3.client("apigatewaymanagementapi", endpoint_url=url, region_name="us-east-1", aws_access_key_id="AKIDEXAMPLE",
                        aws_secret_access_key="secret", config=Config(retries={"max_attempts": 0}))


def kind(call):
    try:
        call()
        return "none"
    except api.exceptions.GoneException:
        return "GoneException"
    except api.exceptions.LimitExceededException:
        return "LimitExceededException"
    except api.exceptions.PayloadTooLargeException:
        return "PayloadTooLargeException"
    except ClientError as e:
        return e.response["Error"]["Code"]


api = client(stage)
found = api.get_connection(ConnectionId=opened)
slow = client(throttled)
slow_id = "L0SM9cOFvHcCIhw="
kind(lambda: slow.post_to_connection(ConnectionId=slow_id, Data=b"x"))
print(json.dumps({
    "post": kind(lambda: api.post_to_connection(ConnectionId=opened, Data=b"hello")),
    "connectedAt": int(found["ConnectedAt"].timestamp() * 1000),
    "lastActiveAt": int(found["LastActiveAt"].timestamp() * 1000),
    "sourceIp": found["Identity"]["SourceIp"],
    "gonePost": kind(lambda: api.post_to_connection(ConnectionId=closed, Data=b"x")),
    "goneGet": kind(lambda: api.get_connection(ConnectionId=closed)),
    "goneDelete": kind(lambda: api.delete_connection(ConnectionId=closed)),
    "malformed": kind(lambda: api.post_to_connection(ConnectionId="abc", Data=b"x")),
    "tooLarge": kind(lambda: api.post_to_connection(ConnectionId=opened, Data=b"x" * 131073)),
    "throttled": kind(lambda: slow.post_to_connection(ConnectionId=slow_id, Data=b"x")),
    "delete": kind(lambda: api.delete_connection(ConnectionId=opened)),
}))
