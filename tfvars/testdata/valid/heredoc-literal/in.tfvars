a = <<EOT
\n \u0041 "quotes" 'single' # no comment // neither /* nor */
EOT
