a = [<<EOT
x
EOT
, "y"]
b = {
  x = <<-EOT
    one
    EOT
  y = 2
}
