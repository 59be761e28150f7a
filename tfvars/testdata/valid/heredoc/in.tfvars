a = <<EOT
one
two
EOT
b = <<X
X
c = <<EOT


EOT
