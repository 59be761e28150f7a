a = "value"
