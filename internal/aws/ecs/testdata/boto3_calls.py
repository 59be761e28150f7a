"""Calls boto3's clients: JSON [[service, operation, arguments], ...] on standard
input, a JSON list of the answers on standard output."""
import datetime
import json
import sys

import boto3
from botocore import xform_name


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    raise TypeError(type(value))


answers = []
for service, operation, arguments in json.load(sys.stdin):
    out = getattr(boto3.client(service), xform_name(operation))(**arguments)
    out.pop("ResponseMetadata")
    answers.append(out)
json.dump(answers, sys.stdout, default=plain)
