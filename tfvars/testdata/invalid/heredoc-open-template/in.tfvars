a = <<EOT
${
EOT
