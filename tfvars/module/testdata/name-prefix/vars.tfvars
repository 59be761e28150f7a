p = "v"
