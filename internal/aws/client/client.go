// Package client calls AWS services that speak the JSON protocol, with the SDK's
// configuration, credentials and signatures. The SDK's own clients of these
// services are not linked in: their tables take longer to set up, at the start
// of every command, than hci takes for most of what it does.
//
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"hci/sync/awssm/reach"
)

// Config is the SDK's configuration: account, region, credentials.
type Config = aws.Config

// Service is how a service is addressed.
type Service struct {
	Host   string // the beginning of the endpoint
	Name   string // for signing
	Target string // the beginning of X-Amz-Target
	Env    string // the variable that sets another endpoint
	ID     string // the SDK's id of it, by which the Terraform code sets another; "" if it doesn't
}

// Client calls one service. It may be used by several goroutines at once.
type Client struct {
	cfg     Config
	service Service
	host    func() string // of the service's own endpoint
}

// New returns a client of a service.
func New(cfg Config, service Service) *Client {
	return &Client{cfg, service, sync.OnceValue(func() string { return host(cfg, service) })}
}

// Error is an answer that says that a request failed.
type Error struct {
	Operation, Code, Message string
	Status                   int
	// Unsure tells that an attempt before this answer may have been carried out: its
	// own answer was lost, or AWS failed in the midst of it.
	Unsure bool
}

// ErrCredentials says that there are no credentials that AWS takes: none are
// configured, or the session has expired.
var ErrCredentials = reach.ErrCredentials

// expired are the codes of answers to credentials that are not, or no longer,
// taken.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
var expired = []string{
	"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId",
	"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException",
	"MissingAuthenticationToken", "MissingAuthenticationTokenException",
}

// Next says what to do about credentials that AWS does not take.
func (e *Error) Next() string {
	if why, ok := reach.Code(e.Code, e).(*reach.Error); ok {
		return why.Next()
	}
	return ""
}

// noCredentials is the error of credentials that can't be had.
func noCredentials(err error) error {
	var known *reach.Error
	if errors.As(err, &known) {
		return known
	}
	return fmt.Errorf("%w: %w", ErrCredentials, err)
}

// reached makes an error of a request that did not get to AWS one that says why.
func reached(err error) error {
	var answered *Error
	if err == nil || errors.As(err, &answered) {
		return err
	}
	if why := reach.Explain(err); why != nil {
		return why
	}
	return err
}

// Throttled reports whether an error says that there were too many requests.
func Throttled(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.throttled()
}

func (e *Error) throttled() bool {
	return e.Status == http.StatusTooManyRequests || strings.Contains(e.Code, "Throttl")
}

// Refused reports whether an error says that AWS did not take a request for an
// operation, and no attempt before may have been carried out: nothing was done.
func Refused(err error, operation string) bool {
	var e *Error
	return errors.As(err, &e) && e.Operation == operation && !e.Unsure && !e.throttled() && e.Status >= http.StatusBadRequest && e.Status < http.StatusInternalServerError
}

// Is makes answers to expired credentials an [ErrCredentials].
func (e *Error) Is(target error) bool {
	return target == ErrCredentials && slices.Contains(expired, e.Code)
}

// Code returns the code of an answer that says that a request failed; "" if err
// is none.
func Code(err error) string {
	var failed *Error
	if errors.As(err, &failed) {
		return failed.Code
	}
	return ""
}

func (e *Error) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", e.Operation, e.Code, e.Message), ": ")
}

const (
	attempts  = 6
	pause     = 200 * time.Millisecond // doubled after each attempt
	maxAnswer = 32 << 20
	// attemptTimeout ends a request on a connection that is dead without saying so,
	// as after a machine has slept.
	attemptTimeout = 20 * time.Second
)

// Call sends a request and reads the answer. What is throttled, fails at AWS or
// on the way is tried again.
func (c *Client) Call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.repeated(ctx, request{operation: operation, method: http.MethodPost, body: body}, out)
}

// REST is [Client.Call] for a service whose operations are paths, such as EventBridge
// Scheduler. in is nil for a request without a body.
func (c *Client) REST(ctx context.Context, operation, method, path string, in, out any) error {
	r := request{operation: operation, method: method, path: path}
	if in != nil {
		var err error
		if r.body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	return c.repeated(ctx, r, out)
}

// request is one to be sent. Without a path its operation stands in a header.
type request struct {
	operation, method, path string
	body                    []byte
}

func (c *Client) repeated(ctx context.Context, r request, out any) error {
	unsure := false
	for attempt := 1; ; attempt++ {
		again, err := c.once(ctx, r, out)
		var failed *Error
		if errors.As(err, &failed) {
			failed.Unsure = unsure
		}
		if err == nil || !again || attempt == attempts || ctx.Err() != nil {
			return reached(err)
		}
		unsure = unsure || failed == nil || !failed.throttled()
		wait := pause << (attempt - 1)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}

// Try sends a request once, for those that must not be carried out twice. An
// error that is not [Refused] leaves open whether it was carried out.
func (c *Client) Try(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	_, err = c.once(ctx, request{operation: operation, method: http.MethodPost, body: body}, out)
	return reached(err)
}

func (c *Client) once(ctx context.Context, r request, out any) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	address := c.endpoint()
	if r.path != "" {
		address = strings.TrimSuffix(address, "/") + r.path
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(r.body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	if r.path == "" {
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		req.Header.Set("X-Amz-Target", c.service.Target+"."+r.operation)
	}
	credentials, err := c.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return false, noCredentials(err)
	}
	sum := sha256.Sum256(r.body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), c.service.Name, c.cfg.Region, time.Now()); err != nil {
		return false, err
	}
	resp, err := c.http().Do(req)
	if err != nil {
		return true, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return true, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		failed := failure(r.operation, resp.StatusCode, answer)
		return failed.throttled() || failed.Status >= http.StatusInternalServerError, failed
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return false, fmt.Errorf("%s: %w", r.operation, reach.ErrPage)
	}
	return false, nil
}

func (c *Client) http() aws.HTTPClient {
	if c.cfg.HTTPClient != nil {
		return c.cfg.HTTPClient
	}
	return http.DefaultClient
}

// Endpoint is where a service is reached, for a program that asks it in hci's place.
func Endpoint(cfg Config, service Service) string {
	return strings.TrimSuffix(New(cfg, service).endpoint(), "/")
}

func (c *Client) endpoint() string {
	if own := c.Endpoint(); own != "" {
		return own
	}
	return "https://" + c.host() + "/"
}

// Endpoint returns the address of the service where the Terraform code, the
// environment or the configuration sets one; "" for AWS's own.
func (c *Client) Endpoint() string {
	if c.service.ID != "" {
		if address, ok := codeEndpoint(c.cfg, c.service.ID); ok {
			return address
		}
	}
	switch own := os.Getenv(c.service.Env); {
	case own != "" && len(c.cfg.ConfigSources) > 0: // one that was loaded, not made
		return own
	case c.cfg.BaseEndpoint != nil:
		return *c.cfg.BaseEndpoint
	}
	return ""
}

func failure(operation string, status int, answer []byte) *Error {
	var e struct {
		Type     string `json:"__type"`
		Message  string `json:"message"`
		Message2 string `json:"Message"`
	}
	_ = json.Unmarshal(answer, &e)         // a gateway's answer may be anything
	code, _, _ := strings.Cut(e.Type, ":") // which may be followed by an address, and follow a namespace
	code = code[strings.LastIndexByte(code, '#')+1:]
	if code == "" {
		code = fmt.Sprintf("HTTP status %d", status)
	}
	return &Error{Operation: operation, Code: code, Message: e.Message + e.Message2, Status: status}
}

// Time is a time in the JSON protocol: seconds, with a fraction.
type Time float64

// Time returns nil for one that is not there.
func (m *Time) Time() *time.Time {
	if m == nil {
		return nil
	}
	t := time.UnixMilli(int64(math.Round(float64(*m) * 1000))).UTC()
	return &t
}
