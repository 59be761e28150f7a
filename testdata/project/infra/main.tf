terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region  = var.region
  profile = var.profile

  default_tags {
    tags = {
      Project     = "hci"
      Environment = terraform.workspace
    }
  }
}

locals {
  environment = terraform.workspace
  app_host    = "${terraform.workspace == "production" ? "www" : terraform.workspace}.${var.domain}"
}
