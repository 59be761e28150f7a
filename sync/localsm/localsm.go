// Package localsm is an embedded AWS Secrets Manager, with the Parameter Store of
// Systems Manager beside it: an [http.Handler] that speaks the services' real
// protocol, so that the AWS CLI, boto3 and the SDKs work against it unchanged,
// offline.
//
// It serves GetSecretValue, BatchGetSecretValue, ListSecrets, DescribeSecret,
// ListSecretVersionIds, CreateSecret, PutSecretValue, UpdateSecret,
// UpdateSecretVersionStage, DeleteSecret, RestoreSecret, TagResource,
// UntagResource and GetRandomPassword with the service's error types,
// messages and limits. Rotation, replication and resource policies are set,
// changed and given back; but no function rotates a value, no other region gets
// a copy, and no policy is enforced. KMS key ids are stored and returned;
// nothing is encrypted with them. Any other operation answers
// UnknownOperationException.
//
// Of the Parameter Store it serves GetParameter, GetParameters,
// GetParametersByPath, PutParameter, DescribeParameters, GetParameterHistory,
// DeleteParameter, DeleteParameters, LabelParameterVersion, AddTagsToResource,
// RemoveTagsFromResource and ListTagsForResource, likewise. Without
// WithDecryption a SecureString is answered as a text that tells nothing.
//
// What it promises:
//   - Every request must carry a valid Signature Version 4 made with the
//     server's credentials, at most five minutes old, and be addressed to a
//     loopback host (which keeps a web page from reaching it through a
//     rebound name). [Server.Serve] refuses a listener that isn't loopback.
//     [Options.Anywhere] lifts both, not the signature.
//   - Everything stays in memory, and nothing is logged.
//   - Writes are atomic and immediately visible; unlike the service's, lists
//     never lag.
//   - Unlabelled versions beyond the newest hundred are removed once they are
//     24 hours old, and secrets when their recovery window ends.
//
// Formats and behaviour follow the AWS Secrets Manager API Reference
// (https://docs.aws.amazon.com/secretsmanager/latest/apireference) and of Systems
// Manager (https://docs.aws.amazon.com/systems-manager/latest/APIReference), the user
// guide's pages on finding secrets and on partial ARNs, and the service's
// model of 2017-10-17; signatures follow
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html.
package localsm

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"hci/sync/localsm/internal/sigv4"
	"hci/sync/secret"
)

// Options configure a [Server]. The zero Options are usable: they stand for
// us-east-1, account 000000000000, the system's clock, and credentials made up
// by [New].
type Options struct {
	Region    string
	AccountID string
	// AnyRegion takes requests that are signed for other regions as well, as if the
	// secrets were in each.
	AnyRegion bool

	// AccessKeyID and SecretAccessKey are what requests must be signed with.
	// If one is empty, New makes a new pair; see [Server.Credentials].
	AccessKeyID, SecretAccessKey string
	// SessionToken, if set, must come with every request.
	SessionToken string
	// SessionExpires, if set, is when requests begin to be answered with
	// ExpiredTokenException.
	SessionExpires time.Time

	// Anywhere lets [Server.Serve] listen on an address that isn't loopback, and
	// answers requests that are addressed to any host, for containers. They must
	// be signed all the same.
	Anywhere bool

	// Now is the server's clock. It must be safe for concurrent use.
	Now func() time.Time
}

// Server is the embedded Secrets Manager. It is safe for concurrent use.
type Server struct {
	o         Options
	verifiers map[string]sigv4.Verifier // by the beginning of X-Amz-Target
	arnPrefix string
	tokenKey  [sha256.Size]byte // authenticates NextTokens

	mu      sync.Mutex
	secrets map[string]*entry // by name
	seq     int

	parameters map[string]*parameter // by name
}

var _ http.Handler = (*Server)(nil)

// New returns a server without any secret.
func New(o Options) *Server {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.AccountID == "" {
		o.AccountID = "000000000000"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AccessKeyID == "" || o.SecretAccessKey == "" {
		o.AccessKeyID = "AKIA" + strings.ToUpper(rand.Text()[:16])
		o.SecretAccessKey = rand.Text() + rand.Text()
	}
	s := &Server{o: o, secrets: make(map[string]*entry), parameters: make(map[string]*parameter), verifiers: map[string]sigv4.Verifier{}}
	region := o.Region
	if o.AnyRegion {
		region = ""
	}
	for target, service := range map[string]string{secretsTarget: "secretsmanager", parametersTarget: "ssm"} {
		s.verifiers[target] = sigv4.Verifier{
			Region: region, Service: service,
			AccessKeyID: o.AccessKeyID, SecretAccessKey: o.SecretAccessKey,
			SessionToken: o.SessionToken, SessionExpires: o.SessionExpires,
		}
	}
	s.arnPrefix = fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:", partition(o.Region), o.Region, o.AccountID)
	_, _ = rand.Read(s.tokenKey[:]) // never fails
	return s
}

// Credentials returns what requests must be signed with; the session token is
// empty unless [Options.SessionToken] was set.
func (s *Server) Credentials() (accessKeyID, secretAccessKey, sessionToken string) {
	return s.o.AccessKeyID, s.o.SecretAccessKey, s.o.SessionToken
}

// Region returns the region that the secrets are in; requests must be signed for
// it unless [Options.AnyRegion] is set.
func (s *Server) Region() string { return s.o.Region }

// A SeedOption describes a secret that is put in place with [Server.Put] or
// [Server.PutEmpty].
type SeedOption func(*entry)

// Description sets the secret's description.
func Description(text string) SeedOption { return func(e *entry) { e.description = text } }

// Tags sets the secret's tags.
func Tags(tags map[string]string) SeedOption {
	return func(e *entry) {
		e.tags = nil
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			e.tags = append(e.tags, tag{Key: k, Value: tags[k]})
		}
	}
}

// Put writes a value without a request: it creates the secret, or adds a
// version with AWSCURRENT to the one there is. It refuses what the service
// would refuse: a bad name, an empty value or one over 65,536 bytes, more than
// 50 tags, a secret that is pending deletion.
func (s *Server) Put(name string, value secret.Value, opts ...SeedOption) error {
	return s.put(name, value, false, opts)
}

// PutBytes is Put of SecretBinary.
func (s *Server) PutBytes(name string, value secret.Value, opts ...SeedOption) error {
	return s.put(name, value, true, opts)
}

func (s *Server) put(name string, value secret.Value, binary bool, opts []SeedOption) error {
	if value.Len() < 1 || value.Len() > maxValue {
		return fmt.Errorf("value of %q: %d bytes, must be 1 to %d", name, value.Len(), maxValue)
	}
	return s.seed(name, opts, func(e *entry, now time.Time) {
		e.add(&version{id: newUUID(), value: value, binary: binary}, []string{labelCurrent}, now)
	})
}

// PutEmpty creates a secret that exists without any value, as Terraform leaves
// it before the first aws_secretsmanager_secret_version. On a secret that
// exists it changes the description and tags only.
func (s *Server) PutEmpty(name string, opts ...SeedOption) error {
	return s.seed(name, opts, func(*entry, time.Time) {})
}

func (s *Server) seed(name string, opts []SeedOption, write func(*entry, time.Time)) error {
	if n := len(name); n < 1 || n > maxName || !nameIsValid(name) {
		return fmt.Errorf("bad secret name %q", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	e := s.find(name, now)
	if e == nil {
		e = s.newEntry(name, now)
	} else if !e.purge.IsZero() {
		return fmt.Errorf("secret %q is pending deletion", name)
	}
	described := *e
	for _, opt := range opts {
		opt(&described)
	}
	if len(described.tags) > maxTags {
		return fmt.Errorf("secret %q: more than %d tags", name, maxTags)
	}
	e.description, e.tags, e.kmsKey, e.settings, e.changed = described.description, described.tags, described.kmsKey, described.settings, now
	write(e, now)
	s.secrets[name] = e
	return nil
}

// now is the server's time in the protocol's resolution.
func (s *Server) now() time.Time { return s.o.Now().UTC().Truncate(time.Millisecond) }

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// newUUID returns a random (version 4) UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
