a = file("x")
