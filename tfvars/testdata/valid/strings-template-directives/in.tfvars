a = "%{if true}yes%{else}no%{endif}"
b = "%{for x in ["a","b"]}<${x}>%{endfor}"
c = "%{ if false ~} x %{~ endif }"
d = "${true ? "x" : "y"}"
