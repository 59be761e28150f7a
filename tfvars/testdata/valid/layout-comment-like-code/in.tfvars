# a = 1
// b = [
/* c = "
d = <<EOT */
a = 1 # "
b = "# no comment // nor this /* nor */ this"
