a = null
b = [null]
c = { x = null }
d = true ? null : 1
