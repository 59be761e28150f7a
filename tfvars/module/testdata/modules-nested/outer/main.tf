variable "services" { type = map(object({ port = number, extra = optional(string, "e") })) }
variable "password" {}
module "inner" {
  source   = "../shared"
  for_each = var.services
  prefix   = "svc/${each.key}"
  data     = { port = each.value.port, password = var.password, extra = each.value.extra }
}
