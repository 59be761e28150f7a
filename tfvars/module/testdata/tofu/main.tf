# OpenTofu reads main.tofu in the stead of this file.
variable "a" {}
resource "aws_secretsmanager_secret" "a" {
  name = "terraform/a"
}
