a = { 1 = "one", 2.5 = "x" }
b = { true = 1, false = 2, null = 3 }
c = { (1 + 1) = "two" }
d = { ("k") = "v" }
e = { a-b = 1, _c = 2 }
f = { if = 1, in = 2 }
