a = <<-EOT
	one
		two
	EOT
b = <<-EOT
	one
  two spaces
    EOT
c = <<-EOT
  	mixed
	  mixed
EOT
d = <<-EOT
  x
	
  y
EOT
