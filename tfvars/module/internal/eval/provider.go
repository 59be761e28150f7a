package eval

import "hci/tfvars/module/internal/config"

// Provider returns the provider block that a reference such as "aws" or
// "aws.alias" means in this module, and the instance it stands in: this one's
// own, or the one that the module's caller hands down. It is nil if there is
// none.
//
// https://developer.hashicorp.com/terraform/language/modules/develop/providers
func (in *Instance) Provider(ref string) (*Instance, *config.Provider) {
	if p, ok := in.Config.Providers[ref]; ok {
		return in, p
	}
	if in.Parent == nil {
		return in, nil
	}
	if outer, ok := in.call.Providers[ref]; ok {
		ref = outer
	}
	return in.Parent.Provider(ref)
}
