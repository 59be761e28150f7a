v = "val"
