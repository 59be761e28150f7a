a = {for x in ["a", "b"] : x => 1}
b = {for k, v in {x = 1} : v => k}
c = {for x in ["a", "b", "a"] : x => x...}
d = {
  for x in ["a"] :
  x => "y"
}
