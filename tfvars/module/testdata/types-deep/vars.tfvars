conf = { name = "n", ports = ["80", 443], nested = [{ k = 1 }, { k = 2, v = "x" }] }
tup = ["a", 1, true]
s = ["b", "a", "b"]
n = "12"
b = "true"
