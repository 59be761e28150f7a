package layers

import (
	"encoding/json"
	"strings"

	"hci/sync/secret"
)

// jsonKey returns what ECS hands out for a key of a secret whose value is a JSON
// object: a string as it is, anything else as its JSON text.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
func jsonKey(text secret.Value, key string) (value secret.Value, problem string) {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(text.Reveal()), &object) != nil || object == nil {
		return value, "the secret's value is no JSON object"
	}
	raw, ok := object[key]
	if !ok {
		return value, "the secret's value has no key " + key
	}
	var s string
	if strings.HasPrefix(string(raw), `"`) && json.Unmarshal(raw, &s) == nil {
		return secret.New(s), ""
	}
	return secret.New(string(raw)), ""
}
