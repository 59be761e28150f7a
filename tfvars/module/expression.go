package module

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module/internal/meter"
)

// Value evaluates an expression that stands outside of Terraform code, such as
// in hci.hcl, within the bounds of steps and memory that [Module.Evaluate] has.
func Value(expr hcl.Expression, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	return new(meter.Meter).GuardOnce(expr).Value(ctx)
}
