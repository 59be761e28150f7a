a: x
b:
  - y
