a = <<EOT
$${x} %%{if} $ % $$ %% $x {y}
$
%
EOT
