users = [{ name = "ann", pass = "a" }, { name = "bob", pass = "b", admin = true }]
