package client

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// TestHost: what the SDK's own clients of these services resolve.
func TestHost(t *testing.T) {
	fips := func(o *stateful) { o.fips = aws.FIPSEndpointStateEnabled }
	dual := func(o *stateful) { o.dual = aws.DualStackEndpointStateEnabled }
	for _, c := range []struct {
		region         string
		set            []func(*stateful)
		ecr, ecs, logs string
	}{
		{"eu-central-1", nil, "api.ecr.eu-central-1.amazonaws.com", "ecs.eu-central-1.amazonaws.com", "logs.eu-central-1.amazonaws.com"},
		{"eu-central-1", []func(*stateful){dual}, "ecr.eu-central-1.api.aws", "ecs.eu-central-1.api.aws", "logs.eu-central-1.api.aws"},
		{"eu-central-1", []func(*stateful){fips}, "api.ecr-fips.eu-central-1.amazonaws.com", "ecs-fips.eu-central-1.amazonaws.com", "logs-fips.eu-central-1.amazonaws.com"},
		{"eu-central-1", []func(*stateful){fips, dual}, "ecr-fips.eu-central-1.api.aws", "ecs-fips.eu-central-1.api.aws", "logs-fips.eu-central-1.api.aws"},
		{"us-gov-west-1", []func(*stateful){fips}, "api.ecr-fips.us-gov-west-1.amazonaws.com", "ecs-fips.us-gov-west-1.amazonaws.com", "logs.us-gov-west-1.amazonaws.com"},
		{"cn-north-1", nil, "api.ecr.cn-north-1.amazonaws.com.cn", "ecs.cn-north-1.amazonaws.com.cn", "logs.cn-north-1.amazonaws.com.cn"},
		{"cn-north-1", []func(*stateful){dual}, "ecr.cn-north-1.api.amazonwebservices.com.cn", "ecs.cn-north-1.api.amazonwebservices.com.cn", "logs.cn-north-1.api.amazonwebservices.com.cn"},
		{"us-iso-east-1", nil, "api.ecr.us-iso-east-1.c2s.ic.gov", "ecs.us-iso-east-1.c2s.ic.gov", "logs.us-iso-east-1.c2s.ic.gov"},
		{"us-isob-east-1", nil, "api.ecr.us-isob-east-1.sc2s.sgov.gov", "ecs.us-isob-east-1.sc2s.sgov.gov", "logs.us-isob-east-1.sc2s.sgov.gov"},
		{"eusc-de-east-1", nil, "api.ecr.eusc-de-east-1.amazonaws.eu", "ecs.eusc-de-east-1.amazonaws.eu", "logs.eusc-de-east-1.amazonaws.eu"},
	} {
		o := &stateful{}
		for _, set := range c.set {
			set(o)
		}
		cfg := aws.Config{Region: c.region, ConfigSources: []any{o}}
		for name, want := range map[string]string{"api.ecr": c.ecr, "ecs": c.ecs, "logs": c.logs} {
			if got := host(cfg, Service{Host: name}); got != want {
				t.Errorf("%s in %s: %s, want %s", name, c.region, got, want)
			}
		}
	}
}

// stateful is a source of a configuration, as a file or the environment is one.
type stateful struct {
	fips aws.FIPSEndpointState
	dual aws.DualStackEndpointState
}

func (s *stateful) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	return s.fips, s.fips != aws.FIPSEndpointStateUnset, nil
}

func (s *stateful) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	return s.dual, s.dual != aws.DualStackEndpointStateUnset, nil
}
