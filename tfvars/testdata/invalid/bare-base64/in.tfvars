a = c2VjcmV0+/==
