a = <<EOT
b = "x"
c = [
}
"
/*
EOT
b = 1
