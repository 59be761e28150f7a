resource "aws_secretsmanager_secret" "secret_key" {
  name                    = "fern_secret_key_${terraform.workspace}"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "secret_key" {
  secret_id     = aws_secretsmanager_secret.secret_key.id
  secret_string = var.fern_secret_key
}

resource "aws_secretsmanager_secret" "admin_password" {
  name                    = "fern_admin_password_${terraform.workspace}"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "admin_password" {
  secret_id     = aws_secretsmanager_secret.admin_password.id
  secret_string = var.fern_admin_password
}

resource "aws_secretsmanager_secret" "db_password" {
  name                    = "fern_db_password_${terraform.workspace}"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "db_password" {
  secret_id     = aws_secretsmanager_secret.db_password.id
  secret_string = var.fern_db_password
}
