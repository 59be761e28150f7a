name = "N"
