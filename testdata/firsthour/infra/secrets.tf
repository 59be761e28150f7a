resource "aws_secretsmanager_secret" "secret_key" {
  name                    = "heron_secret_key_${terraform.workspace}"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "secret_key" {
  secret_id     = aws_secretsmanager_secret.secret_key.id
  secret_string = var.heron_secret_key
}

resource "aws_secretsmanager_secret" "db_password" {
  name                    = "heron_db_password_${terraform.workspace}"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "db_password" {
  secret_id     = aws_secretsmanager_secret.db_password.id
  secret_string = var.heron_db_password
}
