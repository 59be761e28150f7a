variable "p" {}
resource "random_string" "r" { length = 4 }
resource "aws_secretsmanager_secret" "prefix" { name_prefix = "app-${terraform.workspace}-" }
resource "aws_secretsmanager_secret_version" "prefix" {
  secret_id     = aws_secretsmanager_secret.prefix.id
  secret_string = var.p
}
resource "aws_secretsmanager_secret" "random" { name = "key-${random_string.r.result}/end" }
resource "aws_secretsmanager_secret_version" "random" {
  secret_id     = aws_secretsmanager_secret.random.id
  secret_string = var.p
}
