variable "v" {}
data "aws_regions" "all" {}
resource "aws_secretsmanager_secret" "known" {
  name = "known"
}
resource "aws_secretsmanager_secret_version" "known" {
  secret_id     = aws_secretsmanager_secret.known.id
  secret_string = var.v
}
resource "aws_secretsmanager_secret" "counted" {
  count = length(terraform_data.later.id) > 3 ? 2 : 1
  name  = "counted-${count.index}"
}
resource "terraform_data" "later" {}
