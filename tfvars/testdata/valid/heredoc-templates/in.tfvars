a = <<EOT
${1 + 1} and ${"x"}
%{if true}
yes
%{endif}
${~ "z" ~}
EOT
