// Package sigv4 checks the AWS Signature Version 4 of requests to POST / of a
// service, as the AWS front end does before a request reaches the service.
//
// Nothing of a request is taken on trust: the payload hash is of the body that
// arrived, the host and every X-Amz- header that is present must be signed,
// the scope must be the verifier's, and the date at most five minutes off.
// Secrets are compared in constant time. Presigned URLs and streaming
// signatures are not understood, so they are refused.
//
// The format is that of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The codes of the front end's errors.
const (
	MissingAuthenticationToken = "MissingAuthenticationTokenException"
	IncompleteSignature        = "IncompleteSignatureException"
	UnrecognizedClient         = "UnrecognizedClientException"
	InvalidSignature           = "InvalidSignatureException"
	ExpiredToken               = "ExpiredTokenException"
)

const (
	mismatch = "The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	isoBasic   = "20060102T150405Z"
	maxSkew    = 5 * time.Minute
)

// Error is why a request is refused, in AWS's words.
type Error struct{ Code, Message string }

func fail(code, format string, args ...any) *Error {
	return &Error{code, fmt.Sprintf(format, args...)}
}

// Verifier holds what requests must be signed with and for. Without a Region,
// any will do.
type Verifier struct {
	Region, Service              string
	AccessKeyID, SecretAccessKey string
	// SessionToken must come with every request if it is set, and with none
	// if it isn't.
	SessionToken string
	// SessionExpires, if set, is when the credentials end.
	SessionExpires time.Time
}

// authorization is a parsed Authorization header.
type authorization struct {
	keyID, date, region, service, terminator string

	signedHeaders string
	signature     string
}

// Verify checks a request whose body has been read. A nil result means that
// it was signed with the verifier's credentials.
func (v *Verifier) Verify(r *http.Request, body []byte, now time.Time) *Error {
	a, err := parseAuthorization(r.Header["Authorization"])
	if err != nil {
		return err
	}
	stampText := r.Header.Get("X-Amz-Date")
	if stampText == "" {
		return fail(IncompleteSignature, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	signed, perr := time.Parse(isoBasic, stampText)
	if perr != nil {
		return fail(IncompleteSignature, "Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", stampText)
	}
	if !same(a.keyID, v.AccessKeyID) || !same(r.Header.Get("X-Amz-Security-Token"), v.SessionToken) {
		return fail(UnrecognizedClient, "The security token included in the request is invalid.")
	}
	if err := v.checkScope(a, stampText); err != nil {
		return err
	}
	if err := checkSkew(signed, now); err != nil {
		return err
	}
	headers, err := canonicalHeaders(r, a.signedHeaders)
	if err != nil {
		return err
	}
	canonical := strings.Join([]string{r.Method, "/", "", headers, a.signedHeaders, hexHash(body)}, "\n")
	scope := strings.Join([]string{a.date, a.region, a.service, a.terminator}, "/")
	toSign := strings.Join([]string{algorithm, stampText, scope, hexHash([]byte(canonical))}, "\n")
	if !same(a.signature, hex.EncodeToString(mac(v.signingKey(a.date, a.region), toSign))) {
		return fail(InvalidSignature, mismatch)
	}
	if expires := v.SessionExpires; !expires.IsZero() && !now.Before(expires) {
		return fail(ExpiredToken, "The security token included in the request is expired")
	}
	return nil
}

func parseAuthorization(values []string) (authorization, *Error) {
	var a authorization
	if len(values) == 0 || !strings.HasPrefix(values[0], "AWS4-") {
		return a, fail(MissingAuthenticationToken, "Missing Authentication Token")
	}
	given, rest, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || given != algorithm {
		return a, fail(IncompleteSignature, "Authorization header requires the algorithm %s, once.", algorithm)
	}
	fields := make(map[string]string)
	for part := range strings.SplitSeq(rest, ",") {
		k, v, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := fields[k]; !ok || twice {
			return a, fail(IncompleteSignature, "'%s' not a valid key=value pair (missing equal-sign) in Authorization header.", k)
		}
		fields[k] = v
	}
	var missing []string
	for _, k := range []string{"Credential", "Signature", "SignedHeaders"} {
		if fields[k] == "" {
			missing = append(missing, "Authorization header requires '"+k+"' parameter.")
		}
	}
	if missing != nil {
		return a, fail(IncompleteSignature, "%s", strings.Join(missing, " "))
	}
	c := strings.Split(fields["Credential"], "/")
	if len(c) != 5 {
		return a, fail(IncompleteSignature, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", fields["Credential"])
	}
	return authorization{c[0], c[1], c[2], c[3], c[4], fields["SignedHeaders"], fields["Signature"]}, nil
}

// checkScope reports everything that is wrong with the credential scope.
func (v *Verifier) checkScope(a authorization, stampText string) *Error {
	var wrong []string
	if a.date != stampText[:8] {
		wrong = append(wrong, fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", a.date, stampText[:8], stampText))
	}
	if a.region != v.Region && v.Region != "" {
		wrong = append(wrong, fmt.Sprintf("Credential should be scoped to a valid region, not '%s'.", a.region))
	}
	if a.service != v.Service {
		wrong = append(wrong, fmt.Sprintf("Credential should be scoped to correct service: '%s'.", v.Service))
	}
	if a.terminator != terminator {
		wrong = append(wrong, fmt.Sprintf("Credential should be scoped with a valid terminator: '%s', not '%s'.", terminator, a.terminator))
	}
	if wrong != nil {
		return fail(InvalidSignature, "%s", strings.Join(wrong, " "))
	}
	return nil
}

func checkSkew(signed, now time.Time) *Error {
	now = now.UTC().Truncate(time.Second)
	if limit := now.Add(-maxSkew); signed.Before(limit) {
		return fail(InvalidSignature, "Signature expired: %s is now earlier than %s (%s - 5 min.)",
			signed.Format(isoBasic), limit.Format(isoBasic), now.Format(isoBasic))
	}
	if limit := now.Add(maxSkew); signed.After(limit) {
		return fail(InvalidSignature, "Signature not yet current: %s is still later than %s (%s + 5 min.)",
			signed.Format(isoBasic), limit.Format(isoBasic), now.Format(isoBasic))
	}
	return nil
}

// canonicalHeaders returns the canonical form of the headers named in list,
// which must be sorted, in lower case and without repetition, and must cover
// the host and every X-Amz- header.
func canonicalHeaders(r *http.Request, list string) (string, *Error) {
	names := strings.Split(list, ";")
	for i, name := range names {
		if name != strings.ToLower(name) || i > 0 && name <= names[i-1] {
			return "", fail(InvalidSignature, mismatch)
		}
	}
	if !slices.Contains(names, "host") {
		return "", fail(InvalidSignature, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-") && !slices.Contains(names, strings.ToLower(name)) {
			return "", fail(InvalidSignature, "'%s' must be a 'SignedHeader' in the AWS Authorization.", name)
		}
	}
	var b strings.Builder
	for _, name := range names {
		values := slices.Clone(r.Header.Values(name))
		switch {
		case name == "host":
			values = []string{r.Host}
		case name == "content-length" && values == nil:
			values = []string{strconv.FormatInt(r.ContentLength, 10)}
		case values == nil:
			return "", fail(InvalidSignature, mismatch)
		}
		for i, v := range values {
			values[i] = strings.Join(strings.Fields(v), " ")
		}
		fmt.Fprintf(&b, "%s:%s\n", name, strings.Join(values, ","))
	}
	return b.String(), nil
}

func (v *Verifier) signingKey(date, region string) []byte {
	key := []byte("AWS4" + v.SecretAccessKey)
	for _, part := range []string{date, region, v.Service, terminator} {
		key = mac(key, part)
	}
	return key
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// same compares in a time that depends on the lengths only.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
