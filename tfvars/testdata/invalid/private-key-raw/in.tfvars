a = -----BEGIN PRIVATE KEY-----
MIIBsecret+/x==
-----END PRIVATE KEY-----
