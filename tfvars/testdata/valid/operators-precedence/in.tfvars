a = 1 + 2 * 3
b = (1 + 2) * 3
c = 1 + 2 == 3 && !false
d = true || false && false
e = -1 + 2
f = 1 == 1 ? 2 : 3
