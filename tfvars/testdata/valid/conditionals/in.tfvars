a = true ? "x" : "y"
b = false ? 1 : "y"
c = 1 > 2 ? [1] : [2]
d = true ? 1 : 2.5
e = (
  true
  ? "x"
  : "y"
)
