"""Reads its settings as the app does: .env by python-dotenv, the rest from Secrets Manager by name."""
import os

import boto3
from dotenv import load_dotenv

load_dotenv()
HOST = os.environ["FERN_HOST"]


def secret(name):
    client = boto3.client("secretsmanager", region_name="eu-north-1")
    return client.get_secret_value(SecretId=f"{name}_{'staging' if HOST == 'local' else HOST}")["SecretString"]


SECRET_KEY = secret("fern_secret_key")
DATABASE = {"HOST": "localhost"}
if "DB_NAME" in os.environ:
    DATABASE = {"NAME": os.environ["DB_NAME"], "HOST": os.environ["DB_HOST"], "PASSWORD": secret("fern_db_password")}
print("settings read for", HOST)
