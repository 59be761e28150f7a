prod = false
secret = "x"
