variable "v" {}
module "vpc" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "~> 5.0"
  name    = var.v
}
resource "aws_secretsmanager_secret" "known" {
  name = "known"
}
resource "aws_secretsmanager_secret_version" "known" {
  secret_id     = aws_secretsmanager_secret.known.id
  secret_string = var.v
}
resource "aws_secretsmanager_secret" "part" {
  name = "part"
}
resource "aws_secretsmanager_secret_version" "part" {
  secret_id     = aws_secretsmanager_secret.part.id
  secret_string = "${var.v}@${module.vpc.vpc_id}"
}
