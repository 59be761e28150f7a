a = {}
b = { x = 1 }
c = { x = 1, y = 2 }
d = {
  x = 1
  y = 2
}
e = { x = { y = { z = [1, { w = null }] } } }
