package compare

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	stdsync "sync"
	"time"

	"hci/internal/aws/client"
	"hci/internal/aws/iam"
	"hci/internal/aws/ssm"
	"hci/internal/project"
	"hci/sync"
	"hci/sync/awssm"
	"hci/tfvars/module"
)

// located is a place and which of its stores is meant.
type located struct {
	module.Place
	parameters bool // the Parameter Store
}

// placeKeys makes keys of places.
type placeKeys struct {
	of   module.Place // the default provider's
	last module.Place
	made string
	any  bool
}

// inParameters ends the key of a place's Parameter Store.
const inParameters = "\x00parameters"

// keyOf is the key of a secret's place, which is another one for a parameter.
func (k *placeKeys) keyOf(s module.Secret) string {
	key := k.key(s.Place)
	if s.Parameter != nil {
		key += inParameters
	}
	return key
}

func (k *placeKeys) key(p module.Place) string {
	if k.any && k.last.Same(p) && k.last.Provider == p.Provider {
		return k.made
	}
	k.last, k.any, k.made = p, true, ""
	if !p.Same(k.of) {
		parts := []string{p.Provider, p.Region, p.Account}
		for _, u := range p.Unsettled {
			parts = append(parts, u.Setting)
		}
		k.made = strings.Join(parts, " ")
	}
	return k.made
}

// Target is a place in AWS that was opened: the account is known, as far as it
// can be asked, and is one that the code allows.
type Target struct {
	Account  string // "" if it could not be asked for
	Alias    string // of the account; "" if it has none or could not be asked for
	Region   string
	Endpoint string // of the store's service, where it is another one than AWS's own
	Config   client.Config
	Store    Store
	// Parameters tells that the store is the Parameter Store of Systems Manager,
	// not Secrets Manager.
	Parameters bool

	identity string // tells credentials, region and endpoint apart
}

// Store is what is asked of Secrets Manager and of the Parameter Store.
type Store interface {
	sync.Store
	sync.History
	sync.Lister
	sync.Inspector
	// Listing returns the facts of many secrets at once, by name; nil where asking
	// for each is quicker.
	Listing(ctx context.Context, names []string) (map[string]*sync.Facts, error)
	// Endpoint is the address of the service; "" for AWS's own.
	Endpoint() string
}

var (
	_ Store = (*awssm.Store)(nil)
	_ Store = (*ssm.Store)(nil)
)

// String says where it is: "account 123456789012, eu-central-1", and "Parameter
// Store" after it where that is meant.
func (t *Target) String() string {
	if t.Parameters {
		return t.place() + ", Parameter Store"
	}
	return t.place()
}

func (t *Target) place() string {
	switch {
	case t.Account != "":
		return "account " + client.Named(t.Account, t.Alias) + ", " + t.Region
	case t.Endpoint != "":
		return t.Endpoint + ", " + t.Region
	default:
		return "an account that could not be asked for, " + t.Region
	}
}

// AccountError says that the credentials are those of an account in which the
// code, or an ARN, allows nothing.
type AccountError struct {
	Account   string   // the credentials'
	Allowed   []string // allowed_account_ids
	Forbidden bool     // by forbidden_account_ids
	ARN       string   // the account that an ARN names
	Provider  string   // and where it stands
}

func (e *AccountError) Error() string {
	switch {
	case e.Account == "":
		return fmt.Sprintf("the account of the credentials is not known, and %s; nothing was read", e.rule())
	case e.Forbidden:
		return fmt.Sprintf("the credentials are those of account %s, which %s forbids (forbidden_account_ids); nothing was read", e.Account, e.Provider)
	default:
		return fmt.Sprintf("the credentials are those of account %s, and %s; nothing was read", e.Account, e.rule())
	}
}

func (e *AccountError) rule() string {
	switch {
	case e.ARN != "":
		return "the ARN in the code names account " + e.ARN
	case len(e.Allowed) > 0:
		return fmt.Sprintf("%s allows %s only (allowed_account_ids)", e.Provider, strings.Join(e.Allowed, ", "))
	default:
		return fmt.Sprintf("%s forbids some (forbidden_account_ids)", e.Provider)
	}
}

// Next says what to do.
func (e *AccountError) Next() string {
	return "use the credentials of the right account: AWS_PROFILE, 'aws sso login'"
}

// Memory is what a run remembers, so that nothing is asked or said twice. The
// zero value is ready to use, by several goroutines at once.
type Memory struct {
	mu       stdsync.Mutex
	accounts map[string]client.Identity // the credentials' accounts, by identity without the region
	said     map[string]bool
}

// first reports whether a text has not been said before, and keeps it in mind.
func (m *Memory) first(text string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.said == nil {
		m.said = map[string]bool{}
	}
	first := !m.said[text]
	m.said[text] = true
	return first
}

// Open opens a place: it finds out the account, and fails with an
// [*UnsettledError], a [*NoRegionError] or an [*AccountError] where nothing may
// be read or written. Nothing else has been read by then.
func (s Session) Open(ctx context.Context, env project.Environment, ev *module.Evaluated, p module.Place) (*Target, error) {
	return s.open(ctx, env, ev, located{Place: p})
}

func (s Session) open(ctx context.Context, env project.Environment, ev *module.Evaluated, at located) (*Target, error) {
	p := at.Place
	t := &Target{Parameters: at.parameters}
	var o awssm.Options
	var err error
	if t.Config, o, err = s.load(ctx, env, ev, p); err != nil {
		return nil, err
	}
	t.Region, t.Store = t.Config.Region, awssm.New(t.Config, s.Note)
	if t.Parameters {
		t.Store = ssm.New(t.Config)
	}
	if s.Config == nil && env.Region != "" && env.Region != t.Region {
		if text := fmt.Sprintf("region %s of hci.hcl is not used: provider %s (%s) says %s", env.Region, firstOf(p.Provider, "aws"), s.at(p), t.Region); s.Memory.first(text) {
			s.Note(text)
		}
	}
	t.Endpoint = t.Store.Endpoint()
	if s.Config == nil {
		if err := s.account(ctx, t, p, o); err != nil {
			return nil, err
		}
	}
	t.identity = strings.Join([]string{fingerprint(o), t.Region, t.Account, fmt.Sprint(t.Parameters)}, "\x00")
	return t, nil
}

// Load loads the SDK's configuration for a place, as [Session.Open] does, for
// other services. It makes no request unless the code binds the place to certain
// accounts.
func (s Session) Load(ctx context.Context, env project.Environment, ev *module.Evaluated, p module.Place) (client.Config, error) {
	if bound(p) {
		t, err := s.Open(ctx, env, ev, p)
		if err != nil {
			return client.Config{}, err
		}
		return t.Config, nil
	}
	cfg, _, err := s.load(ctx, env, ev, p)
	return cfg, err
}

// bound reports whether the code says in which accounts a place may be.
func bound(p module.Place) bool {
	return len(p.Allowed)+len(p.Forbidden) > 0 || p.Account != ""
}

func (s Session) load(ctx context.Context, env project.Environment, ev *module.Evaluated, p module.Place) (client.Config, awssm.Options, error) {
	o, err := s.options(env, p)
	if err != nil {
		return client.Config{}, o, err
	}
	var cfg client.Config
	if s.Config != nil {
		cfg, err = s.Config(o)
	} else {
		cfg, err = awssm.LoadConfig(ctx, o)
	}
	if errors.Is(err, awssm.ErrNoRegion) {
		err = noRegion(env, ev)
	}
	return cfg, o, err
}

// askTimeout bounds asking for the account, which is one small request.
const askTimeout = 15 * time.Second

// account finds out whose the credentials are, and whether that is allowed.
func (s Session) account(ctx context.Context, t *Target, p module.Place, o awssm.Options) error {
	if elsewhere(t.Endpoint) && client.STSEndpoint(t.Config) == "" && (!bound(p) || emulated(t.Endpoint)) {
		return nil // not AWS: what STS would say is about something else
	}
	o.Region = ""
	key := fingerprint(o)
	s.Memory.mu.Lock()
	defer s.Memory.mu.Unlock()
	if known, ok := s.Memory.accounts[key]; ok {
		t.Account, t.Alias = known.Account, known.Alias
		return allowed(known.Account, p)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	id, err := iam.WhoAmI(ctx, t.Config)
	switch {
	case errors.Is(err, client.ErrCredentials):
		return err
	case err != nil && bound(p):
		return errors.Join(allowed("", p), err)
	case err != nil:
		s.Note(fmt.Sprintf("which account the credentials are of could not be asked: %v", err))
	}
	if s.Memory.accounts == nil {
		s.Memory.accounts = map[string]client.Identity{}
	}
	s.Memory.accounts[key], t.Account, t.Alias = id, id.Account, id.Alias
	return allowed(id.Account, p)
}

// allowed checks an account.
func allowed(account string, p module.Place) error {
	e := &AccountError{Account: account, Allowed: p.Allowed, ARN: p.Account, Provider: "provider " + firstOf(p.Provider, "aws")}
	if slices.Contains(p.Forbidden, account) {
		e.Forbidden = true
		return e
	}
	if len(p.Allowed) > 0 && !slices.Contains(p.Allowed, account) {
		e.ARN = ""
		return e
	}
	if p.Account != "" && p.Account != account {
		e.Allowed = nil
		return e
	}
	if account == "" && len(p.Forbidden) > 0 {
		e.ARN = ""
		return e
	}
	return nil
}

// elsewhere reports whether an endpoint is not one of AWS's own.
func elsewhere(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return endpoint != "" && (err != nil || !strings.Contains(u.Hostname(), ".amazonaws.") && !strings.HasSuffix(u.Hostname(), ".amazonaws.eu"))
}

// emulated reports whether an endpoint is a program on this machine, as that of
// 'hci secrets serve' is: it has no account that something could be bound to.
func emulated(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// fingerprint tells options apart, without telling keys.
func fingerprint(o awssm.Options) string {
	var secrets []byte
	if k := o.Keys; k != nil {
		sum := sha256.Sum256([]byte(k.AccessKey.Reveal() + "\x00" + k.SecretKey.Reveal() + "\x00" + k.Token.Reveal()))
		secrets = append(secrets, sum[:]...)
	}
	if w := o.WebIdentity; w != nil {
		sum := sha256.Sum256([]byte(w.Token.Reveal()))
		secrets = append(secrets, sum[:]...)
		secrets = fmt.Appendf(secrets, "%q %q %q", w.ARN, w.TokenFile, w.SessionName)
	}
	o.Keys, o.WebIdentity, o.Note, o.HTTPClient = nil, nil, nil, nil
	return fmt.Sprintf("%x %+v", secrets, o)
}
