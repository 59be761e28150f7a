# c
a = "x"
