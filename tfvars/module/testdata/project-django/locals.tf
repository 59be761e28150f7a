locals {
  env    = terraform.workspace
  app    = "shop"
  prefix = "${local.app}/${local.env}"
  is_prod = local.env == "production"
}
