variable "pw" {}
module "outer" {
  source   = "./outer"
  services = { web = { port = 80 }, job = { port = 0 } }
  password = var.pw
}
