n = 3
prefix = "p"
values = ["a", "b", "c", "d"]
