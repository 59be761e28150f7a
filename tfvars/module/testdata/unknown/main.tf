variable "password" { sensitive = true }
resource "random_password" "made" { length = 20 }
resource "aws_db_instance" "db" { password = var.password }
resource "aws_secretsmanager_secret" "url" { name = "url" }
resource "aws_secretsmanager_secret_version" "url" {
  secret_id     = aws_secretsmanager_secret.url.id
  secret_string = "postgres://app:${var.password}@${aws_db_instance.db.address}/app"
}
resource "aws_secretsmanager_secret" "made" { name_prefix = "made-" }
resource "aws_secretsmanager_secret_version" "made" {
  secret_id     = aws_secretsmanager_secret.made.id
  secret_string = random_password.made.result
}
resource "aws_secretsmanager_secret" "ignored" { name = "ignored" }
resource "aws_secretsmanager_secret_version" "ignored" {
  secret_id     = aws_secretsmanager_secret.ignored.id
  secret_string = var.password
  lifecycle {
    ignore_changes = [secret_string]
  }
}
