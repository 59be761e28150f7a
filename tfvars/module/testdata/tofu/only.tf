variable "b" {
  default = "b"
}
