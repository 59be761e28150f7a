a = <<EOT
  indented
	tabbed
 trailing 	
EOT
b = <<EOT
x
  EOT
c = <<EOT
y
EOT  	
