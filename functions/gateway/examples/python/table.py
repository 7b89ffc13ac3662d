"""Makes the table on the server that AWS_ENDPOINT_URL_DYNAMODB names: python3 table.py"""
import boto3

keys = {"region_name": "us-east-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}
boto3.client("dynamodb", **keys).create_table(
    TableName="chat-connections", BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
