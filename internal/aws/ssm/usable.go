package ssm

import (
	"context"
	"fmt"
	"strings"

	"hci/internal/aws/client"
)

// ParameterName returns the parameter that the valueFrom of a container's secret
// names, by an ARN, which doesn't tell whether the name begins with a slash, or by
// a name; ok is false if it names something else.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html
func ParameterName(valueFrom string) (name string, ok bool) {
	if !strings.HasPrefix(valueFrom, "arn:") {
		return valueFrom, valueFrom != ""
	}
	fields := strings.SplitN(valueFrom, ":", 6)
	if len(fields) < 6 || fields[2] != "ssm" {
		return "", false
	}
	return strings.CutPrefix(fields[5], "parameter/")
}

// MissingError says that what a valueFrom names would not reach a container.
type MissingError struct{ Parameter string }

func (e *MissingError) Error() string { return fmt.Sprintf("parameter %q is not there", e.Parameter) }

// Usable looks whether the parameter that the valueFrom of a container's secret
// names is there, in the region that an ARN names. Its value is not decrypted.
func Usable(ctx context.Context, cfg client.Config, valueFrom string) error {
	if fields := strings.Split(valueFrom, ":"); len(fields) > 3 && fields[0] == "arn" {
		cfg.Region = fields[3]
	}
	s := New(cfg)
	_, err := read(ctx, s, "GetParameter", map[string]any{"Name": valueFrom, "WithDecryption": false}, func(out *wireOne) bool {
		return out.Parameter.Name != "" && out.Parameter.Version > 0
	})
	name, _ := ParameterName(valueFrom)
	if missing(err) {
		return &MissingError{name}
	}
	return classify("GetParameter", name, err)
}
