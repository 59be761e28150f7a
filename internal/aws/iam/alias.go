package iam

import (
	"context"
	"encoding/xml"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"hci/internal/aws/client"
)

// aliasPatience is how long an account's alias is worth waiting for.
const aliasPatience = 2 * time.Second

// WhoAmI is [client.WhoAmI], with the alias of the account, which is asked for at
// the same time.
func WhoAmI(ctx context.Context, cfg client.Config) (client.Identity, error) {
	alias := make(chan string, 1)
	go func() { alias <- Alias(ctx, cfg) }()
	id, err := client.WhoAmI(ctx, cfg)
	if err != nil {
		return id, err
	}
	id.Alias = <-alias
	return id, nil
}

// isAlias matches the names that AWS gives accounts.
var isAlias = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9](-?[a-z0-9]){2,62}$`) })

// Alias asks for the alias of the credentials' account. It is "" where there is
// none, where the identity may not ask, and where IAM is not known to be:
// nothing depends on it.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html
func Alias(ctx context.Context, cfg client.Config) string {
	if !asked(cfg) {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, aliasPatience)
	defer cancel()
	answer, err := client.Form(ctx, cfg, "iam", "us-east-1", endpoint(cfg), url.Values{"Action": {"ListAccountAliases"}, "Version": {"2010-05-08"}})
	if err != nil {
		return ""
	}
	var out struct {
		Aliases []string `xml:"ListAccountAliasesResult>AccountAliases>member"`
	}
	if xml.Unmarshal(answer, &out) != nil || len(out.Aliases) == 0 || !isAlias().MatchString(out.Aliases[0]) {
		return ""
	}
	return out.Aliases[0]
}

// asked reports whether IAM is asked of these: of AWS's own partition, or of what
// the environment puts in AWS's place, but not of AWS while other services are
// somebody else's.
func asked(cfg client.Config) bool {
	if os.Getenv("AWS_ENDPOINT_URL_IAM") != "" || cfg.BaseEndpoint != nil {
		return true
	}
	for _, entry := range os.Environ() {
		if strings.HasPrefix(entry, "AWS_ENDPOINT_URL_") {
			return false
		}
	}
	for _, other := range []string{"cn-", "us-gov-", "eusc-", "us-iso", "eu-iso"} {
		if strings.HasPrefix(cfg.Region, other) {
			return false
		}
	}
	return true
}
