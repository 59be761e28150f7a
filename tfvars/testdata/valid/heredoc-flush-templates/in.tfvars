a = <<-EOT
    ${"x"}
      y ${1}
    %{if true}
    z
    %{endif}
    EOT
