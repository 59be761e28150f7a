package client

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// host is a service's endpoint by the SDK's rules, of which those of STS are at hand:
// they tell the domain of the region's partition (also of the isolated ones), which is
// another for dual-stack endpoints. FIPS and dual-stack endpoints are used where the
// configuration says so.
//
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
func host(cfg Config, service Service) string {
	options := sts.NewFromConfig(cfg).Options().EndpointOptions
	fips := options.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled
	dual := options.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled
	suffix := "amazonaws.com"
	of, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), sts.EndpointParameters{
		Region: &cfg.Region, UseFIPS: &fips, UseDualStack: &dual,
	})
	if err == nil {
		if _, rest, ok := strings.Cut(of.URI.Host, "."+cfg.Region+"."); ok {
			suffix = rest
		}
	}
	name := service.Host
	if dual {
		name = strings.TrimPrefix(name, "api.") // of ECR, whose dual-stack endpoints have none
	}
	if fips && !(name == "logs" && !dual && strings.HasPrefix(cfg.Region, "us-gov-")) { // CloudWatch Logs' only ones there are FIPS's
		name += "-fips"
	}
	return name + "." + cfg.Region + "." + suffix
}
