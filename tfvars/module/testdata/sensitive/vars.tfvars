v = "val"
m = { a = "1" }
