variable "region" { default = "eu-west-1" }
locals { profile = "team-${terraform.workspace}" }
provider "aws" {
  region  = var.region
  profile = local.profile
}
provider "aws" {
  alias  = "us"
  region = "us-east-1"
}
resource "aws_secretsmanager_secret" "without_value" { name = "without-value" }
