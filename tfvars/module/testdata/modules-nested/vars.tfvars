pw = "p"
