a = true || foo
