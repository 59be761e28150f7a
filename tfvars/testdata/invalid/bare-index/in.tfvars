a = b["c"]
