hosts = ["a", "b"]
pw = "p$w"
