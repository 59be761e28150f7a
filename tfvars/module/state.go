package module

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// State is what an apply has left behind: the attributes of each resource and
// data source, by its address.
type State map[string]map[string]cty.Value

// ErrState says that a text is not what "terraform show -json" writes.
var ErrState = errors.New("not a state in the form of terraform show -json")

// stateModule is a module in the JSON form of a state.
//
// https://developer.hashicorp.com/terraform/internals/json-format#values-representation
type stateModule struct {
	Resources []struct {
		Address string                     `json:"address"`
		Values  map[string]json.RawMessage `json:"values"`
	} `json:"resources"`
	ChildModules []stateModule `json:"child_modules"`
}

// ParseState reads what "terraform show -json" writes for the current state,
// of format version 1. A workspace without a state has an empty State. Errors
// wrap [ErrState] and quote nothing.
func ParseState(data []byte) (State, error) {
	var top struct {
		FormatVersion string `json:"format_version"`
		Values        *struct {
			RootModule stateModule `json:"root_module"`
		} `json:"values"`
	}
	if json.Unmarshal(data, &top) != nil {
		return nil, ErrState
	}
	if len(top.FormatVersion) < 2 || top.FormatVersion[:2] != "1." {
		return nil, fmt.Errorf("%w: its format version is not 1", ErrState)
	}
	s := State{}
	if top.Values == nil {
		return s, nil
	}
	return s, s.add(top.Values.RootModule)
}

func (s State) add(m stateModule) error {
	for _, r := range m.Resources {
		attrs := make(map[string]cty.Value, len(r.Values))
		for name, raw := range r.Values {
			ty, err := ctyjson.ImpliedType(raw)
			if err != nil {
				return ErrState
			}
			if attrs[name], err = ctyjson.Unmarshal(raw, ty); err != nil {
				return ErrState
			}
		}
		s[r.Address] = attrs
	}
	for _, child := range m.ChildModules {
		if err := s.add(child); err != nil {
			return err
		}
	}
	return nil
}
