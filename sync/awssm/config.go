package awssm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/logging"

	"hci/sync/awssm/reach"
	"hci/sync/secret"
)

// Options of [Open] and [LoadConfig]. What is empty is left to the SDK: the
// environment, the shared configuration, the machine's role.
type Options struct {
	Region  string
	Profile string // of the shared configuration

	Keys        *Keys // static credentials
	WebIdentity *WebIdentity
	Roles       []Role // assumed one after the other

	ConfigFiles, CredentialsFiles []string // in place of the usual ones

	// Endpoints are the addresses of services, by their names in lower case
	// without blanks: "secretsmanager", "sts", "ssm", "ecs", "ecr".
	Endpoints map[string]string
	FIPS      bool
	DualStack bool
	STSRegion string // where roles are assumed

	// Note is told, in one sentence, what was decided besides. It may be nil.
	Note func(string)
	// HTTPClient sends the requests; nil stands for the SDK's own.
	HTTPClient *http.Client
}

// Keys are static credentials.
type Keys struct{ AccessKey, SecretKey, Token secret.Value }

// ProfileError says that the AWS configuration has no such profile.
type ProfileError struct{ Profile string }

func (e *ProfileError) Error() string {
	return fmt.Sprintf("%v: there is no profile %q in the AWS configuration", ErrCredentials, e.Profile)
}

// Next says what makes the profile.
func (e *ProfileError) Next() string {
	return fmt.Sprintf("'aws configure sso --profile %s' makes it; 'profile' in hci.hcl or AWS_PROFILE names another", e.Profile)
}

// Unwrap returns [ErrCredentials].
func (e *ProfileError) Unwrap() error { return ErrCredentials }

// LoadConfig loads the SDK's configuration as [Open] does, for other services
// of the same account. It makes no request: roles are assumed when credentials
// are needed first.
func LoadConfig(ctx context.Context, o Options) (aws.Config, error) {
	if emulated() && hasKeys() && (o.Keys != nil || o.WebIdentity != nil || len(o.Roles) > 0) {
		o.note("no role is assumed and no key of the code is used: an endpoint of this machine and an access key are set in the environment")
		o.Keys, o.WebIdentity, o.Roles = nil, nil, nil
	}
	profile := o.Profile
	if profile != "" && o.localEndpoint() && hasKeys() {
		o.note("profile " + profile + " is not used: an endpoint and an access key are set in the environment")
		profile = ""
	}
	cfg, err := o.load(ctx, profile)
	var missing config.SharedConfigProfileNotExistError
	if errors.As(err, &missing) && hasKeys() {
		o.note("there is no profile " + profile + " here: using the access key of the environment")
		cfg, err = o.load(ctx, "")
	}
	switch {
	case errors.As(err, &missing):
		return cfg, &ProfileError{Profile: missing.Profile}
	case err != nil:
		return cfg, reach.Loading(err)
	}
	if cfg.Region == "" {
		return cfg, ErrNoRegion
	}
	cfg.Credentials = reach.Explained(cfg, profile)
	if len(o.Endpoints) > 0 {
		cfg.ConfigSources = append([]any{endpoints(o.Endpoints)}, cfg.ConfigSources...)
	}
	return cfg, o.assume(&cfg)
}

func (o Options) load(ctx context.Context, profile string) (aws.Config, error) {
	load := []func(*config.LoadOptions) error{config.WithRetryer(newRetryer), config.WithLogger(logging.Nop{})}
	if o.HTTPClient != nil {
		load = append(load, config.WithHTTPClient(o.HTTPClient))
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if profile != "" {
		load = append(load, config.WithSharedConfigProfile(profile))
	}
	if k := o.Keys; k != nil {
		load = append(load, config.WithCredentialsProvider(
			awscredentials.NewStaticCredentialsProvider(k.AccessKey.Reveal(), k.SecretKey.Reveal(), k.Token.Reveal())))
	}
	if o.ConfigFiles != nil {
		load = append(load, config.WithSharedConfigFiles(o.ConfigFiles))
	}
	if o.CredentialsFiles != nil {
		load = append(load, config.WithSharedCredentialsFiles(o.CredentialsFiles))
	}
	if o.FIPS {
		load = append(load, config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}
	if o.DualStack {
		load = append(load, config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled))
	}
	return config.LoadDefaultConfig(ctx, load...)
}

// endpoints are addresses of services that take precedence over those that the
// environment and the shared configuration set.
type endpoints map[string]string

// otherNames are those that Terraform's provider knows a service by besides.
var otherNames = map[string][]string{
	"cloudwatchlogs": {"logs", "cloudwatchlog"},
}

// CodeEndpoint returns the address of a service, which is named by its SDK id
// ("Secrets Manager").
func (e endpoints) CodeEndpoint(service string) (address string, ok bool) {
	name := strings.ToLower(strings.ReplaceAll(service, " ", ""))
	for _, each := range slices.Concat([]string{name}, otherNames[name]) {
		if address, ok = e[each]; ok {
			return address, true
		}
	}
	return "", false
}

// GetServiceBaseEndpoint is what the SDK's own clients ask for.
func (e endpoints) GetServiceBaseEndpoint(_ context.Context, service string) (address string, found bool, err error) {
	address, found = e.CodeEndpoint(service)
	return address, found, nil
}

// ownEndpoint sets the endpoint that Options gave also where AWS_ENDPOINT_URL
// is set, for which the SDK passes its sources over.
func ownEndpoint(cfg aws.Config) func(*sm.Options) {
	return func(o *sm.Options) {
		for _, source := range cfg.ConfigSources {
			if e, ok := source.(endpoints); ok {
				if address, ok := e.CodeEndpoint("Secrets Manager"); ok {
					o.BaseEndpoint = &address
				}
			}
		}
	}
}

func (o Options) note(text string) {
	if o.Note != nil {
		o.Note(text)
	}
}

func hasKeys() bool {
	return os.Getenv("AWS_ACCESS_KEY_ID") != "" && os.Getenv("AWS_SECRET_ACCESS_KEY") != ""
}

// emulated reports whether the environment leads to a Secrets Manager on this
// machine, as 'hci secrets serve' does, and has nothing for STS.
func emulated() bool {
	u, err := url.Parse(os.Getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER"))
	if err != nil || u.Scheme != "http" || os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv("AWS_ENDPOINT_URL_STS") != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (o Options) localEndpoint() bool {
	return os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER") != ""
}
