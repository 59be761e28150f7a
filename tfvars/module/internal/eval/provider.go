package eval

import (
	"strings"

	"hci/tfvars/module/internal/config"
)

// Provider returns the provider block that a reference such as "aws" or
// "aws.alias" means in this module, and the instance it stands in: this one's
// own, or the one that the module's caller hands down. A default provider that
// is not handed down is inherited; one with an alias is not. It is nil if there
// is none.
//
// https://developer.hashicorp.com/terraform/language/modules/develop/providers
func (in *Instance) Provider(ref string) (*Instance, *config.Provider) {
	if p, ok := in.Config.Providers[ref]; ok {
		return in, p
	}
	if in.Parent == nil {
		return in, nil
	}
	outer, handed := in.call.Providers[ref]
	switch {
	case handed:
		return in.Parent.Provider(outer)
	case strings.Contains(ref, "."):
		return in, nil
	}
	return in.Parent.Provider(ref)
}
