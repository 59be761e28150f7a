# One secret per variable, named for it and for the workspace.

locals {
  # A staging secret can be made again at once; a production one can be restored.
  recovery_window = terraform.workspace == "production" ? 30 : 0
}

resource "aws_secretsmanager_secret" "hci_admin_password" {
  name                    = "hci_admin_password_${terraform.workspace}"
  recovery_window_in_days = local.recovery_window
}

resource "aws_secretsmanager_secret_version" "hci_admin_password" {
  secret_id     = aws_secretsmanager_secret.hci_admin_password.id
  secret_string = var.hci_admin_password
}

resource "aws_secretsmanager_secret" "hci_django_secret_key" {
  name                    = "hci_django_secret_key_${terraform.workspace}"
  recovery_window_in_days = local.recovery_window
}

resource "aws_secretsmanager_secret_version" "hci_django_secret_key" {
  secret_id     = aws_secretsmanager_secret.hci_django_secret_key.id
  secret_string = var.hci_django_secret_key
}

resource "aws_secretsmanager_secret" "hci_jwt_signing_key" {
  name                    = "hci_jwt_signing_key_${terraform.workspace}"
  recovery_window_in_days = local.recovery_window
}

resource "aws_secretsmanager_secret_version" "hci_jwt_signing_key" {
  secret_id     = aws_secretsmanager_secret.hci_jwt_signing_key.id
  secret_string = var.hci_jwt_signing_key
}

resource "aws_secretsmanager_secret" "hci_oauth_client" {
  name                    = "hci_oauth_client_${terraform.workspace}"
  recovery_window_in_days = local.recovery_window
}

resource "aws_secretsmanager_secret_version" "hci_oauth_client" {
  secret_id     = aws_secretsmanager_secret.hci_oauth_client.id
  secret_string = jsonencode(var.hci_oauth_client)
}

resource "aws_secretsmanager_secret" "hci_rds_password" {
  name                    = "hci_rds_password_${terraform.workspace}"
  recovery_window_in_days = local.recovery_window
}

resource "aws_secretsmanager_secret_version" "hci_rds_password" {
  secret_id     = aws_secretsmanager_secret.hci_rds_password.id
  secret_string = var.hci_rds_password
}

resource "aws_secretsmanager_secret" "hci_sentry_dsn" {
  name                    = "hci_sentry_dsn_${terraform.workspace}"
  recovery_window_in_days = local.recovery_window
}

resource "aws_secretsmanager_secret_version" "hci_sentry_dsn" {
  secret_id     = aws_secretsmanager_secret.hci_sentry_dsn.id
  secret_string = var.hci_sentry_dsn
}

resource "aws_secretsmanager_secret" "hci_smtp_password" {
  name                    = "hci_smtp_password_${terraform.workspace}"
  recovery_window_in_days = local.recovery_window
}

resource "aws_secretsmanager_secret_version" "hci_smtp_password" {
  secret_id     = aws_secretsmanager_secret.hci_smtp_password.id
  secret_string = var.hci_smtp_password
}

resource "aws_secretsmanager_secret" "hci_stripe_api_key" {
  name                    = "hci_stripe_api_key_${terraform.workspace}"
  recovery_window_in_days = local.recovery_window
}

resource "aws_secretsmanager_secret_version" "hci_stripe_api_key" {
  secret_id     = aws_secretsmanager_secret.hci_stripe_api_key.id
  secret_string = var.hci_stripe_api_key
}
