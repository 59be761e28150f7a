package main

import (
	"errors"

	"hci/internal/compare"
	"hci/internal/terraform"
)

// shared looks for secrets of an environment that another one declares as well.
// What can't be known of that is said.
func (a *app) shared(d *compare.Desired) []*terraform.SharedError {
	all, unknown := terraform.Shared(a.found, d.Env, d.Module, d.Evaluated.Secrets, a.environ)
	for _, u := range unknown {
		a.sayf("%s: %s", d.Env.Name, u)
	}
	return all
}

// apart fails if another environment has one of the secrets as well: nothing
// may be written then.
func (a *app) apart(d *compare.Desired) error {
	var all []error
	for _, err := range a.shared(d) {
		all = append(all, err)
	}
	return errors.Join(all...)
}
