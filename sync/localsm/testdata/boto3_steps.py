"""Calls boto3's Secrets Manager client: one JSON [operation, arguments] a line
on standard input, one JSON answer a line on standard output."""
import base64
import datetime
import json
import sys

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError


def plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    raise TypeError(type(value))


client = boto3.client("secretsmanager")
for line in sys.stdin:
    operation, arguments = json.loads(line)
    if "SecretBinary" in arguments:
        arguments["SecretBinary"] = base64.b64decode(arguments["SecretBinary"])
    try:
        out = getattr(client, xform_name(operation))(**arguments)
        out.pop("ResponseMetadata")
        answer = {"out": out}
    except ClientError as e:
        fault = e.response["Error"]
        answer = {"error": fault["Code"] + ": " + fault["Message"], "class": type(e).__name__}
    print(json.dumps(answer, default=plain), flush=True)
