a = "${foo}"
