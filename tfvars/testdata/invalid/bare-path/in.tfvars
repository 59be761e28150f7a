a = /etc/passwd
