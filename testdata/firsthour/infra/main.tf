provider "aws" {
  alias   = "apps"
  region  = "eu-north-1"
  profile = "heron-apps"
}

provider "aws" {
  alias   = "dns"
  region  = "eu-north-1"
  profile = "heron-dns"
}

resource "aws_route53_zone" "public" {
  provider = aws.dns
  name     = "heron.example"
}
