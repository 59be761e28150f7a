a = <<-EOT
    four
      six
    four
    EOT
b = <<-EOT
zero
  two
EOT
c = <<-EOT
  x

  y
  EOT
