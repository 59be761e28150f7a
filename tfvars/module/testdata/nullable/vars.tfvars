given_null = null
strict = null
