// Package reach says in one line why AWS can't be reached or used, and what to
// do about it: no credentials, expired ones, no network, a certificate that
// nothing vouches for, a page in the place of an answer. Errors that are about
// a request itself are the business of packages awssm and client.
//
// The texts hold nothing of what a credential process, a proxy or a page said:
// it may be a secret.
package reach

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/smithy-go"
)

// ErrCredentials says that there are no credentials, or that AWS does not take
// them.
var ErrCredentials = errors.New("no usable AWS credentials")

// Error is why AWS can't be reached or used.
type Error struct {
	text, next string
	credential bool
	err        error
}

func (e *Error) Error() string {
	if e.credential {
		return ErrCredentials.Error() + ": " + e.text
	}
	return e.text
}

// Next says what to do.
func (e *Error) Next() string { return e.next }

// Unwrap returns the error that this is about.
func (e *Error) Unwrap() error { return e.err }

// Is makes errors about credentials an [ErrCredentials].
func (e *Error) Is(target error) bool { return e.credential && target == ErrCredentials }

// ErrPage says that an answer was a page, nothing or something else that AWS
// does not say.
var ErrPage = errors.New("something between here and AWS answered in its place, as a proxy or the login page of a network does")

// Explain says why a request did not get to AWS or was not taken, as an
// [*Error]; nil if err is about the request itself.
func Explain(err error) error {
	var known *Error
	if err == nil || errors.Is(err, context.Canceled) {
		return nil
	}
	if errors.As(err, &known) {
		return known
	}
	if e := network(err); e != nil {
		return e
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return Code(api.ErrorCode(), err)
	}
	return nil
}

// expired are the codes of answers to credentials that were good once.
var expired = []string{"ExpiredToken", "ExpiredTokenException"}

// unsound are the codes of answers to credentials that are not good.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
var unsound = []string{
	"UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch", "MissingAuthenticationToken",
	"MissingAuthenticationTokenException", "IncompleteSignature", "IncompleteSignatureException", "OptInRequired",
}

// skewed are the codes of answers to a request that was signed at another time
// than now, among them that of a signature that is wrong for another reason.
var skewed = []string{"RequestExpired", "RequestTimeTooSkewed", "InvalidSignatureException"}

// Code explains an answer by its code; nil if it is none about credentials.
func Code(code string, err error) error {
	switch {
	case slices.Contains(expired, code):
		return &Error{"they have expired", login(profile("")), true, err}
	case slices.Contains(skewed, code):
		return &Error{"AWS does not take the signature: the clock of this machine is wrong, or the secret key is", "set the clock; then check the secret access key", true, err}
	case slices.Contains(unsound, code):
		return &Error{fmt.Sprintf("AWS does not take them (%s)", code), login(profile("")), true, err}
	}
	return nil
}

// profile is the one in use: what was given, or what the environment says.
func profile(given string) string {
	for _, name := range []string{given, os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE")} {
		if name != "" {
			return name
		}
	}
	return ""
}

// login is what brings new credentials.
func login(profile string) string {
	switch {
	case os.Getenv("AWS_ACCESS_KEY_ID") != "" && profile == "":
		return "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN anew"
	case profile == "":
		return "log in first: 'aws sso login'"
	}
	return fmt.Sprintf("log in first: 'aws sso login --profile %s'", profile)
}

// network explains what kept a request from AWS on the way.
func network(err error) error {
	host := "AWS"
	var at *url.Error
	if errors.As(err, &at) {
		if u, parseErr := url.Parse(at.URL); parseErr == nil && u.Host != "" {
			host = u.Host
		}
	}
	var unknown x509.UnknownAuthorityError
	var wrong x509.HostnameError
	var verification *tls.CertificateVerificationError
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &wrong):
		return &Error{host + " shows the certificate of another host", "check the endpoint, HTTPS_PROXY and the network", false, err}
	case errors.As(err, &unknown), errors.As(err, &verification):
		return &Error{"nothing here vouches for the certificate of " + host, "set AWS_CA_BUNDLE to the file with your company's certificates (PEM)", false, err}
	case errors.As(err, &dns):
		return &Error{host + " is not found: there is no network, or no such host", "check the network, the VPN, HTTPS_PROXY, the region and AWS_ENDPOINT_URL", false, err}
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
		return &Error{host + " can't be reached", "check the network, the VPN, HTTPS_PROXY and AWS_ENDPOINT_URL", false, err}
	case errors.Is(err, ErrPage):
		return &Error{ErrPage.Error(), "sign in to the network, or set HTTPS_PROXY and NO_PROXY", false, err}
	}
	return nil
}

// Loading explains why the SDK's configuration could not be loaded.
func Loading(err error) error {
	var missing config.SharedConfigProfileNotExistError
	var file config.SharedConfigLoadError
	var path *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &missing):
		return &Error{fmt.Sprintf("there is no profile %q in the AWS configuration", missing.Profile),
			fmt.Sprintf("'aws configure sso --profile %s' makes it; 'profile' in hci.hcl or AWS_PROFILE names another", missing.Profile), true, err}
	case errors.As(err, &path) && path.Path == os.Getenv("AWS_CA_BUNDLE"):
		return &Error{fmt.Sprintf("AWS_CA_BUNDLE names %s, which can't be read", path.Path), "set AWS_CA_BUNDLE to a file with certificates (PEM), or unset it", false, err}
	case os.Getenv("AWS_CA_BUNDLE") != "" && !errors.As(err, &file) && bundleBroken():
		return &Error{fmt.Sprintf("AWS_CA_BUNDLE names %s, which holds no certificates", os.Getenv("AWS_CA_BUNDLE")), "set AWS_CA_BUNDLE to a file with certificates (PEM), or unset it", false, err}
	case errors.As(err, &file):
		return &Error{fmt.Sprintf("%s can't be read as an AWS configuration", file.Filename), "correct the file", true, err}
	}
	return &Error{err.Error(), "correct the AWS configuration", true, err}
}

func bundleBroken() bool {
	pem, err := os.ReadFile(os.Getenv("AWS_CA_BUNDLE"))
	return err != nil || !x509.NewCertPool().AppendCertsFromPEM(pem)
}

// Explained wraps a configuration's credentials so that a failure to get them
// says why. given is the profile that was asked for; "" if none was.
func Explained(cfg aws.Config, given string) aws.CredentialsProvider {
	p := &explained{of: cfg.Credentials, profile: profile(given)}
	for _, source := range cfg.ConfigSources {
		if shared, ok := source.(config.SharedConfig); ok {
			p.sso = shared.SSOSessionName != "" || shared.SSOAccountID != ""
		}
	}
	return aws.NewCredentialsCache(p)
}

type explained struct {
	of      aws.CredentialsProvider
	profile string
	sso     bool
}

// Retrieve implements [aws.CredentialsProvider].
func (p *explained) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := p.of.Retrieve(ctx)
	if err == nil {
		return c, nil
	}
	return c, p.explain(err)
}

func (p *explained) explain(err error) error {
	var known *Error
	var process *processcreds.ProviderError
	var operation *smithy.OperationError
	switch {
	case errors.Is(err, context.Canceled), errors.As(err, &known):
		return err
	case errors.As(err, &process):
		return &Error{fmt.Sprintf("the credential_process of profile %q failed", p.name()), "run that command by itself to see why; it stands in ~/.aws/config", true, err}
	case errors.As(err, &operation) && operation.ServiceID == "ec2imds":
		return &Error{"nothing names any: neither the environment, the AWS configuration nor the machine", p.first(), true, err}
	}
	if e := network(err); e != nil {
		return e
	}
	if p.sso {
		return &Error{fmt.Sprintf("the SSO session of profile %q has expired, or there is none yet", p.name()), login(p.name()), true, err}
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return &Error{api.ErrorCode() + ": " + api.ErrorMessage(), "", true, err}
	}
	return &Error{"they can't be had from the AWS configuration", login(p.profile), true, err}
}

func (p *explained) name() string {
	if p.profile == "" {
		return "default"
	}
	return p.profile
}

// first is what to do where there are no credentials at all.
func (p *explained) first() string {
	if p.profile != "" {
		return login(p.profile)
	}
	return "'aws configure sso' makes a profile and logs in; then set AWS_PROFILE, or 'profile' in hci.hcl"
}
