"""The app as its developers start it: settings from the environment and .env, by
python-dotenv; secrets from Secrets Manager, by name; a page, by Django where it is
installed."""
import os

import boto3
from dotenv import load_dotenv

load_dotenv()
HOST = os.environ["HERON_HOST"]  # "local" on a laptop
DATABASE = {"HOST": "localhost"}
if "DB_NAME" in os.environ:  # deployed
    DATABASE = {"HOST": os.environ["DB_HOST"], "NAME": os.environ["DB_NAME"]}


def secret(name):
    # boto3 before 1.28 does not read the variable by itself.
    endpoint = os.environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER")
    client = boto3.client("secretsmanager", region_name="eu-north-1", endpoint_url=endpoint)
    where = "staging" if HOST == "local" else HOST
    return client.get_secret_value(SecretId=f"{name}_{where}")["SecretString"]


SECRET_KEY = secret("heron_secret_key")
assert SECRET_KEY == os.environ["HERON_SECRET_KEY"], "the environment has another value"
assert secret("heron_db_password") == os.environ["HERON_DB_PASSWORD"], "the environment has another value"
try:
    import django
except ImportError:
    print(f"the app started for {HOST} (without Django, which is not installed)")
    raise SystemExit from None

from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path

settings.configure(SECRET_KEY=SECRET_KEY, DEBUG=os.environ["HERON_DEBUG"] == "1", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"])
urlpatterns = [path("", lambda request: HttpResponse(f"hello from {HOST}"))]
django.setup()
call_command("check")
page = Client().get("/")
assert page.status_code == 200, page.status_code
print(f"the app started for {HOST}, with Django {django.get_version()}: {page.content.decode()}")
