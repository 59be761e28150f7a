a = https://example.com
