package ecs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Config is the SDK's configuration: account, region, credentials.
type Config = aws.Config

// client calls a service that speaks AWS's JSON protocol, with the SDK's
// configuration, credentials and signatures. The SDK's own clients of these
// services are not linked in: their tables take longer to set up, at the start
// of every command, than hci takes for most of what it does.
//
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
type client struct {
	cfg    Config
	host   string // "ecs", the beginning of the endpoint
	name   string // for signing
	target string // the beginning of X-Amz-Target
	env    string // the variable that sets another endpoint
}

func ecsClient(cfg Config) *client {
	return &client{cfg, "ecs", "ecs", "AmazonEC2ContainerServiceV20141113", "AWS_ENDPOINT_URL_ECS"}
}

func ecrClient(cfg Config) *client {
	return &client{cfg, "api.ecr", "ecr", "AmazonEC2ContainerRegistry_V20150921", "AWS_ENDPOINT_URL_ECR"}
}

func logsClient(cfg Config) *client {
	return &client{cfg, "logs", "logs", "Logs_20140328", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"}
}

// apiError is an answer that says that a request failed.
type apiError struct {
	Operation, Code, Message string
	Status                   int
}

func (e *apiError) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", e.Operation, e.Code, e.Message), ": ")
}

const (
	attempts  = 6
	pause     = 200 * time.Millisecond // doubled after each attempt
	maxAnswer = 32 << 20
)

// call sends a request and reads the answer. What is throttled, fails at AWS or
// on the way is tried again.
func (c *client) call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		again, err := c.once(ctx, operation, body, out)
		if err == nil || !again || attempt == attempts || ctx.Err() != nil {
			return err
		}
		wait := pause << (attempt - 1)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}

func (c *client) once(ctx context.Context, operation string, body []byte, out any) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint(), bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", c.target+"."+operation)
	credentials, err := c.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return false, fmt.Errorf("no usable AWS credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), c.name, c.cfg.Region, time.Now()); err != nil {
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
		failed := failure(operation, resp.StatusCode, answer)
		return failed.Status == http.StatusTooManyRequests || failed.Status >= http.StatusInternalServerError || strings.Contains(failed.Code, "Throttl"), failed
	}
	return false, json.Unmarshal(answer, out)
}

func (c *client) http() aws.HTTPClient {
	if c.cfg.HTTPClient != nil {
		return c.cfg.HTTPClient
	}
	return http.DefaultClient
}

func (c *client) endpoint() string {
	switch own := os.Getenv(c.env); {
	case own != "":
		return own
	case c.cfg.BaseEndpoint != nil:
		return *c.cfg.BaseEndpoint
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(c.cfg.Region, "cn-") {
		domain += ".cn"
	}
	return "https://" + c.host + "." + c.cfg.Region + "." + domain + "/"
}

func failure(operation string, status int, answer []byte) *apiError {
	var e struct {
		Type     string `json:"__type"`
		Message  string `json:"message"`
		Message2 string `json:"Message"`
	}
	_ = json.Unmarshal(answer, &e) // a gateway's answer may be anything
	code := e.Type[strings.LastIndexByte(e.Type, '#')+1:]
	if code == "" {
		code = fmt.Sprintf("HTTP status %d", status)
	}
	return &apiError{Operation: operation, Code: code, Message: e.Message + e.Message2, Status: status}
}

// moment is a time in the JSON protocol: seconds, with a fraction.
type moment float64

// time returns nil for one that is not there.
func (m *moment) time() *time.Time {
	if m == nil {
		return nil
	}
	t := time.UnixMilli(int64(*m * 1000)).UTC()
	return &t
}
