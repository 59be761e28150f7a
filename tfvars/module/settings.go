package module

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module/internal/config"
)

// settings fills in what a secret's block says besides its name and value, and
// which of that is not settled.
func (r *reader) settings(f *found, b block) {
	for _, name := range []string{"description", "kms_key_id", "tags", "policy"} {
		if v, ok := r.argument(b, name); b.res.Ignores(name) || ok && !settled(v) {
			f.Unsettled = append(f.Unsettled, name)
		}
	}
	f.Policy, _ = r.known(b, "policy")
	for n := range b.res.Replicas {
		region, ok := r.known(b, config.ReplicaRegion(n+1))
		if !ok {
			f.Unsettled = append(f.Unsettled, config.Replica)
			break
		}
		f.Replicas = append(f.Replicas, region)
	}
	slices.Sort(f.Replicas)
	if b.res.DynamicReplicas || b.res.Ignores(config.Replica) {
		f.Unsettled = append(f.Unsettled, config.Replica)
	}
}

func settled(v cty.Value) bool {
	v, _ = v.UnmarkDeep()
	return v.IsWhollyKnown()
}

// attachments hands each rotation and each policy to the secret that it is for.
func (r *reader) attachments() {
	for _, b := range r.attached {
		if b.res.Type == rotationType {
			if f := r.targetOf(b, "secret_id"); f != nil {
				f.Rotation = b.address()
			}
			continue
		}
		f := r.targetOf(b, "secret_arn")
		if f == nil {
			continue
		}
		if text, ok := r.known(b, "policy"); ok && !b.res.Ignores("policy") {
			f.Policy = text
		} else {
			f.Unsettled = append(f.Unsettled, "policy")
		}
	}
}
