variable "services" {
  type = map(object({
    image    = string
    replicas = optional(number, 1)
    secrets  = map(string)
  }))
}
variable "shared_token" {
  sensitive = true
}
module "naming" {
  source = "./naming"
  parts  = ["acme", terraform.workspace]
}
module "service" {
  source   = "./service"
  for_each = var.services
  name     = each.key
  prefix   = module.naming.prefix
  secrets  = merge(each.value.secrets, { shared = var.shared_token })
  meta     = { image = each.value.image, replicas = each.value.replicas }
}
output "names" { value = { for k, s in module.service : k => s.names } }
