package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Form asks a service that speaks the Query protocol, once, and returns its answer
// in XML. name and region are what the signature is for. It fails with an [*Error].
//
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
func Form(ctx context.Context, cfg Config, name, region, address string, form url.Values) ([]byte, error) {
	body := form.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, noCredentials(err)
	}
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), name, region, time.Now()); err != nil {
		return nil, err
	}
	resp, err := (&Client{cfg: cfg}).http().Do(req)
	if err != nil {
		return nil, reached(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, reached(err)
	}
	if resp.StatusCode != http.StatusOK {
		var failed struct {
			Code    string `xml:"Error>Code"`
			Message string `xml:"Error>Message"`
		}
		_ = xml.Unmarshal(answer, &failed) // a gateway's answer may be anything
		if failed.Code == "" {
			failed.Code = fmt.Sprintf("HTTP status %d", resp.StatusCode)
		}
		return nil, &Error{Operation: form.Get("Action"), Code: failed.Code, Message: failed.Message, Status: resp.StatusCode}
	}
	return answer, nil
}
