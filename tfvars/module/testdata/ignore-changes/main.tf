variable "v" {}
resource "aws_secretsmanager_secret" "some" {
  name = "some"
}
resource "aws_secretsmanager_secret_version" "some" {
  secret_id     = aws_secretsmanager_secret.some.id
  secret_string = var.v
  lifecycle {
    ignore_changes = [secret_string]
  }
}
resource "aws_secretsmanager_secret" "all" {
  name = "all"
}
resource "aws_secretsmanager_secret_version" "all" {
  secret_id     = aws_secretsmanager_secret.all.id
  secret_string = var.v
  lifecycle {
    ignore_changes = all
  }
}
resource "aws_secretsmanager_secret" "other" {
  name = "other"
}
resource "aws_secretsmanager_secret_version" "other" {
  secret_id     = aws_secretsmanager_secret.other.id
  secret_string = var.v
  lifecycle {
    ignore_changes        = [version_stages]
    create_before_destroy = true
  }
}
