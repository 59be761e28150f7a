a = { # open
  x = 1 # one
  // between
  y /* a */ = /* b */ 2 /* c */
  z = 3, # comma
  # last
}
