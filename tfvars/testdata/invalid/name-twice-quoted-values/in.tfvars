a = "x"
a = "x"
