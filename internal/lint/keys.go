package lint

import (
	"encoding/json"

	"hci/tfvars/module"
	"hci/tfvars/module/shape"
)

// lacksKey reports whether a secret's value is no JSON object with a key, and
// whether that is sure: a value that is not known at all, or that Terraform
// leaves alone once the secret is created, can be anything.
func lacksKey(s module.Secret, key string) (lacks, sure bool) {
	switch {
	case key == "":
		return false, true
	case s.Status == module.Ignored:
		return false, false
	case s.Status == module.Known:
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(s.Value.Reveal()), &object) != nil {
			return true, true
		}
		_, ok := object[key]
		return !ok, true
	}
	j, ok := s.Shape.(shape.JSON)
	if !ok {
		return false, false
	}
	o, ok := shape.Open(j.Of).(shape.Object)
	if !ok {
		return false, false
	}
	_, ok = o[key]
	return !ok, true
}
