variable "db" { sensitive = true }
variable "api" {}
module "db" {
  source = "./modules/secret"
  name   = "db-${terraform.workspace}"
  value  = var.db
}
module "api" {
  source = "./modules/secret"
  name   = "api"
  value  = jsonencode({ key = var.api, of = module.db.name })
  tags   = { a = "b" }
}
module "each" {
  source   = "./modules/secret"
  for_each = { x = "1", y = var.api }
  name     = "each/${each.key}"
  value    = each.value
}
module "counted" {
  source = "./modules/secret"
  count  = 2
  name   = "counted/${count.index}"
  value  = module.each["x"].upper
}
resource "aws_secretsmanager_secret" "out" {
  name = "out"
}
resource "aws_secretsmanager_secret_version" "out" {
  secret_id     = aws_secretsmanager_secret.out.id
  secret_string = join(",", [module.db.name, module.each["y"].upper, module.counted[1].name])
}
