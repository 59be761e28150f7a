a = <<EOT
export X=${HOME}
EOT
