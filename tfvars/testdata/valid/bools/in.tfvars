a = true
b = false
c = !true
d = true && false
e = true || false
f = 1 == 1
g = "a" != "b"
h = 1 < 2
i = 2 >= 2
j = !("true")
