package module

import (
	"maps"
	"slices"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/shape"
)

// Function is an AWS Lambda function that the directory declares.
type Function struct {
	Address string
	Name    string // "" if it is not known
	// Environment are its environment variables, as far as they can be told,
	// sorted by name.
	Environment []EnvEntry
	File        string // where the block stands
	Line        int
}

func (r *reader) function(b block) {
	f := Function{Address: b.address(), File: b.res.Range.Filename, Line: b.res.Range.Start.Line}
	f.Name, _ = r.known(b, "function_name")
	if expr, ok := b.res.Attrs[config.FunctionEnvironment]; ok {
		// The value first: what is wrong with it is reported then.
		if _, ok := r.argument(b, config.FunctionEnvironment); ok {
			at := expr.Range()
			variables, _ := shape.Open(b.in.ArgumentShape(b.res, b.rep, config.FunctionEnvironment)).(shape.Object)
			for _, name := range slices.Sorted(maps.Keys(variables)) {
				e := EnvEntry{Name: name, File: at.Filename, Line: at.Start.Line}
				for _, l := range shape.Leaves(variables[name]) {
					if l.Range.Filename != "" {
						e.File, e.Line = l.Range.Filename, l.Range.Start.Line
						break
					}
				}
				e.fill(variables[name])
				f.Environment = append(f.Environment, e)
			}
		}
	}
	r.functions = append(r.functions, f)
}
