provider "aws" {
  alias   = "projects"
  region  = "eu-north-1"
  profile = "team-projects"
  default_tags {
    tags = {
      Environment = terraform.workspace
      Project     = "Fern"
    }
  }
}

provider "aws" {
  alias   = "dns"
  region  = "eu-north-1"
  profile = "team-dns"
}

terraform {
  backend "s3" {
    bucket  = "team-infra"
    key     = "fern/terraform.tfstate"
    profile = "team-projects"
    region  = "eu-north-1"
  }
}

resource "aws_route53_zone" "public" {
  provider = aws.dns
  name     = "fern.example"
}
