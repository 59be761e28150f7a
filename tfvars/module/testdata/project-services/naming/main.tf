variable "parts" { type = list(string) }
output "prefix" { value = join("/", var.parts) }
