import os


def handler(event, context):
    token = event["queryStringParameters"]["token"]
    if token == "nobody":
        raise Exception("Unauthorized")
    effect = "Allow" if token == os.environ["SECRET"] else "Deny"
    return {
        "principalId": "user-1",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}],
        },
        "context": {"agent": event["headers"].get("X-Agent", "none"), "level": 7},
    }
