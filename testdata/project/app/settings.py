import json
import os

import boto3
from dotenv import load_dotenv

load_dotenv()

ENVIRONMENT = os.environ.get("HCI_ENVIRONMENT", "staging")

_secrets_manager = boto3.client("secretsmanager")


def get_secret(name):
    """Return a secret of this environment; a variable of that name wins."""
    if name.upper() in os.environ:
        return os.environ[name.upper()]
    secret_id = f"{name}_{ENVIRONMENT}"
    return _secrets_manager.get_secret_value(SecretId=secret_id)["SecretString"]


SECRET_KEY = get_secret("hci_django_secret_key")
ALLOWED_HOSTS = os.environ.get("HCI_ALLOWED_HOSTS", "localhost").split(",")
ROOT_URLCONF = "app.urls"
SENTRY_DSN = get_secret("hci_sentry_dsn")
OAUTH_CLIENT = json.loads(get_secret("hci_oauth_client"))

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("HCI_RDS_HOST", "localhost"),
        "NAME": os.environ.get("HCI_RDS_NAME", "hci"),
        "USER": os.environ.get("HCI_RDS_USERNAME", "hci"),
        "PASSWORD": get_secret("hci_rds_password"),
    }
}
