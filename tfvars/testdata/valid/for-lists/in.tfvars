a = [for x in [1, 2, 3] : x * 2]
b = [for i, x in ["a", "b"] : "${i}${x}"]
c = [for x in [1, 2, 3] : x if x > 1]
d = [for k, v in {x = 1, y = 2} : "${k}=${v}"]
