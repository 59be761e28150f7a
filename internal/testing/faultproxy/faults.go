package faultproxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is what happens to a request.
type Fault int

// Faults that keep the request from the server are those without "passes it on".
const (
	None             Fault = iota
	Throttle429            // answers 429, as a gateway does
	Throttle400            // answers ThrottlingException
	Failing                // answers 500
	Unavailable            // answers 503
	Internal               // answers InternalServiceError
	BadGateway             // answers 502 with a page
	Timeout                // passes it on and answers 504 with a page
	DropBefore             // closes the connection
	DropAfter              // passes it on and closes the connection
	HalfTheBody            // passes it on and cuts the answer
	HalfJSON               // passes it on and answers with half of it, as if whole
	Late                   // passes it on after Proxy.Delay
	LateAnswer             // passes it on and answers after Proxy.Delay
	Empty                  // answers 200 without a body
	EmptyAfter             // passes it on and answers 200 without a body
	Braces                 // answers 200 and {}
	BracesAfter            // passes it on and answers 200 and {}
	Null                   // answers 200 and null
	NullAfter              // passes it on and answers 200 and null
	Page                   // answers 200 and a page, as the login of a network does
	OtherSecret            // passes it on and answers for another secret
	OtherVersion           // passes it on and answers with another version
	Expired                // answers ExpiredTokenException
	BadSignature           // answers InvalidSignatureException
	Denied                 // answers AccessDeniedException
	Blocked                // answers 403 with a page, as a proxy does
	InvalidRequest         // answers InvalidRequestException
	InvalidParameter       // answers InvalidParameterException
	NotFound               // answers ResourceNotFoundException
	Exists                 // answers ResourceExistsException
	LimitExceeded          // answers LimitExceededException
	NoKey                  // answers EncryptionFailure
	NotPlain               // answers DecryptionFailure
	Validation             // answers ValidationException
	Unknown                // answers UnknownOperationException
	SameToken              // passes it on and answers with a NextToken that is always the same
	faults
)

var faultNames = [faults]string{
	"none", "throttle-429", "throttle-400", "failing", "unavailable", "internal", "bad-gateway", "timeout", "drop-before", "drop-after",
	"half-the-body", "half-json", "late", "late-answer", "empty", "empty-after", "braces", "braces-after", "null", "null-after",
	"page", "other-secret", "other-version", "expired", "bad-signature", "denied", "blocked", "invalid-request", "invalid-parameter",
	"not-found", "exists", "limit-exceeded", "no-key", "not-plain", "validation", "unknown-operation", "same-token",
}

// String returns the fault's name, for subtests.
func (f Fault) String() string { return faultNames[f] }

// Transient are the faults after which trying again helps.
var Transient = []Fault{
	Throttle429, Throttle400, Failing, Unavailable, Internal, BadGateway, Timeout, DropBefore, DropAfter, HalfTheBody, HalfJSON,
	Late, LateAnswer, Empty, EmptyAfter, Braces, BracesAfter, Null, NullAfter, Page, OtherSecret, OtherVersion,
}

// Lasting are the faults that are an answer, right or wrong.
var Lasting = []Fault{
	Expired, BadSignature, Denied, Blocked, InvalidRequest, InvalidParameter, NotFound, Exists, LimitExceeded, NoKey, NotPlain, Validation, Unknown,
}

// Transient reports whether trying again helps.
func (f Fault) Transient() bool { return slices.Contains(Transient, f) }

// Misleads reports whether a client has no way to tell the answer from one that
// means that somebody else was there.
func (f Fault) Misleads(operation string) bool {
	switch f {
	case Exists:
		return operation == "CreateSecret" || operation == "PutSecretValue"
	case OtherVersion:
		return strings.HasSuffix(operation, "GetSecretValue") || operation == "GetParameters"
	case NotFound:
		return true
	}
	return false
}

// Done reports whether the server may have carried a request out.
func (f Fault) Done() bool {
	switch f {
	case None, Timeout, DropAfter, HalfTheBody, HalfJSON, Late, LateAnswer, EmptyAfter, BracesAfter, NullAfter, OtherSecret, OtherVersion, SameToken:
		return true
	}
	return false
}

// answers are the error codes of faults that answer with one.
var answers = map[Fault][2]string{
	Throttle400:      {"ThrottlingException", "Rate exceeded"},
	Expired:          {"ExpiredTokenException", "The security token included in the request is expired"},
	BadSignature:     {"InvalidSignatureException", "Signature expired"},
	InvalidRequest:   {"InvalidRequestException", "You can't perform this operation on the secret."},
	InvalidParameter: {"InvalidParameterException", "The parameter is invalid."},
	NotFound:         {"ResourceNotFoundException", "Secrets Manager can't find the specified secret."},
	Exists:           {"ResourceExistsException", "The operation failed because the secret already exists."},
	LimitExceeded:    {"LimitExceededException", "A secret can't have more than 20 staging labels attached across all of its versions."},
	NoKey:            {"EncryptionFailure", "Secrets Manager can't encrypt the protected secret text using the provided KMS key."},
	NotPlain:         {"DecryptionFailure", "Secrets Manager can't decrypt the protected secret text using the provided KMS key."},
	Validation:       {"ValidationException", "1 validation error detected"},
	Unknown:          {"UnknownOperationException", "The requested operation is invalid."},
}

const page = "<!DOCTYPE html><html><title>Sign in</title><body>Sign in to this network</body></html>"

// harm answers a request with a fault.
func (p *Proxy) harm(w http.ResponseWriter, r *http.Request, q Request, fault Fault) {
	switch fault {
	case None:
		p.Server.ServeHTTP(w, r)
	case Throttle429:
		w.WriteHeader(http.StatusTooManyRequests)
	case Failing:
		w.WriteHeader(http.StatusInternalServerError)
	case Unavailable:
		w.WriteHeader(http.StatusServiceUnavailable)
	case Internal:
		refuse(w, http.StatusInternalServerError, "InternalServiceError", "An error occurred on the server side.")
	case DropBefore:
		panic(http.ErrAbortHandler)
	case DropAfter:
		p.Server.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case Late:
		time.Sleep(p.Delay)
		p.Server.ServeHTTP(w, r)
	case Denied:
		// The form of https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
		refuse(w, http.StatusBadRequest, "AccessDeniedException", fmt.Sprintf(
			"User: arn:aws:iam::000000000000:user/tester is not authorized to perform: secretsmanager:%s on resource: %s because no identity-based policy allows the secretsmanager:%s action",
			q.Operation, q.Secret, q.Operation))
	case Empty, Braces, Null, Page, BadGateway, Blocked:
		p.stranger(w, fault)
	case HalfTheBody, HalfJSON, LateAnswer, EmptyAfter, BracesAfter, NullAfter, OtherSecret, OtherVersion, SameToken, Timeout:
		p.after(w, r, fault)
	default:
		refuse(w, http.StatusBadRequest, answers[fault][0], answers[fault][1])
	}
}

// stranger answers in the place of the server.
func (p *Proxy) stranger(w http.ResponseWriter, fault Fault) {
	status := map[Fault]int{BadGateway: http.StatusBadGateway, Blocked: http.StatusForbidden, Timeout: http.StatusGatewayTimeout}[fault]
	if status == 0 {
		status = http.StatusOK
	}
	body := map[Fault]string{Braces: "{}", BracesAfter: "{}", Null: "null", NullAfter: "null", Page: page, BadGateway: page, Blocked: page, Timeout: page}[fault]
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if body == page {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// after has the server carry the request out and spoils its answer.
func (p *Proxy) after(w http.ResponseWriter, r *http.Request, fault Fault) {
	whole := httptest.NewRecorder()
	p.Server.ServeHTTP(whole, r)
	body := whole.Body.Bytes()
	length := len(body)
	switch fault {
	case LateAnswer:
		time.Sleep(p.Delay)
	case HalfTheBody:
		body = body[:length/2]
	case HalfJSON:
		body = body[:length/2]
		length = len(body)
	case OtherSecret, OtherVersion, SameToken:
		body = forged(body, fault)
		length = len(body)
	default:
		p.stranger(w, fault)
		return
	}
	for name, values := range whole.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(whole.Code)
	_, _ = w.Write(body)
	if fault == HalfTheBody {
		panic(http.ErrAbortHandler)
	}
}

// forged is an answer about another secret, or another version.
func forged(body []byte, fault Fault) []byte {
	var out any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if dec.Decode(&out) != nil {
		return body
	}
	if object, ok := out.(map[string]any); ok && fault == SameToken {
		object["NextToken"] = "the-same-again"
	}
	forge(out, fault)
	forged, err := json.Marshal(out)
	if err != nil {
		return body
	}
	return forged
}

func forge(v any, fault Fault) {
	switch v := v.(type) {
	case map[string]any:
		for key, of := range v {
			switch {
			case fault == OtherSecret && (key == "Name" || key == "ARN"):
				v[key] = "somebody-elses"
			case fault == OtherVersion && key == "VersionId":
				v[key] = "00000000000000000000000000000000"
			case fault == OtherVersion && key == "Version": // of a parameter
				v[key] = 999
			default:
				forge(of, fault)
			}
		}
	case []any:
		for _, of := range v {
			forge(of, fault)
		}
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-ErrorType", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
}
