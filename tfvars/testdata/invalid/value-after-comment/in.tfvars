a = # c
  1
