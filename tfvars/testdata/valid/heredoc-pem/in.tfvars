a = <<EOT
-----BEGIN PRIVATE KEY-----
MIIB+/==
ab/cd+ef==
-----END PRIVATE KEY-----
EOT
