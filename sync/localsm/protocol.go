package localsm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds a request. The largest useful one holds a value of 65,536
// bytes with each of them escaped as \u00XX.
const maxBody = 1 << 20

const (
	contentType = "application/x-amz-json-1.1"
	// The beginnings of X-Amz-Target.
	secretsTarget    = "secretsmanager"
	parametersTarget = "AmazonSSM"
)

// The service's own exceptions.
const (
	resourceNotFound  = "ResourceNotFoundException"
	resourceExists    = "ResourceExistsException"
	invalidParameter  = "InvalidParameterException"
	invalidRequest    = "InvalidRequestException"
	invalidNextToken  = "InvalidNextTokenException"
	limitExceeded     = "LimitExceededException"
	validation        = "ValidationException"
	serialization     = "SerializationException"
	unknownOperation  = "UnknownOperationException"
	accessDenied      = "AccessDeniedException"
	entityTooLarge    = "RequestEntityTooLargeException"
	unknownOperMsg    = "The requested operation is invalid. Verify that the action is typed correctly."
	secretNotFoundMsg = "Secrets Manager can't find the specified secret."
	pendingMsg        = "You can't perform this operation on the secret because it was marked for deletion."
)

// fault is an error as the service reports it. Nil is success.
type fault struct {
	status        int
	code, message string
}

func fail(code, format string, args ...any) *fault {
	return &fault{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// call is one authenticated request under the server's lock.
type call struct {
	*Server
	p   *params
	now time.Time
}

// operation returns what X-Amz-Target asks for, or nil.
//
//hci:long one case for each operation
func operation(service, name string) func(*call) (any, *fault) {
	if service == parametersTarget {
		return parameterOperation(name)
	}
	switch name {
	case "CancelRotateSecret":
		return (*call).cancelRotateSecret
	case "DeleteResourcePolicy":
		return (*call).deleteResourcePolicy
	case "GetResourcePolicy":
		return (*call).getResourcePolicy
	case "PutResourcePolicy":
		return (*call).putResourcePolicy
	case "RemoveRegionsFromReplication":
		return (*call).removeRegionsFromReplication
	case "ReplicateSecretToRegions":
		return (*call).replicateSecretToRegions
	case "RotateSecret":
		return (*call).rotateSecret
	case "StopReplicationToReplica":
		return (*call).stopReplicationToReplica
	case "ValidateResourcePolicy":
		return (*call).validateResourcePolicy
	case "BatchGetSecretValue":
		return (*call).batchGetSecretValue
	case "CreateSecret":
		return (*call).createSecret
	case "DeleteSecret":
		return (*call).deleteSecret
	case "DescribeSecret":
		return (*call).describeSecret
	case "GetRandomPassword":
		return (*call).getRandomPassword
	case "GetSecretValue":
		return (*call).getSecretValue
	case "ListSecretVersionIds":
		return (*call).listSecretVersionIDs
	case "ListSecrets":
		return (*call).listSecrets
	case "PutSecretValue":
		return (*call).putSecretValue
	case "RestoreSecret":
		return (*call).restoreSecret
	case "TagResource":
		return (*call).tagResource
	case "UntagResource":
		return (*call).untagResource
	case "UpdateSecret":
		return (*call).updateSecret
	case "UpdateSecretVersionStage":
		return (*call).updateSecretVersionStage
	}
	return nil
}

// ServeHTTP answers one request of the AWS JSON 1.1 protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := s.now()
	out, err := s.answer(w, r, now)
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Amzn-Requestid", newUUID())
	// The SDKs correct their clock by this header.
	h.Set("Date", now.Format(http.TimeFormat))
	h.Set("Cache-Control", "no-store")
	status := http.StatusOK
	if err != nil {
		status = err.status
		h.Set("X-Amzn-Errortype", err.code)
		out = err.body()
	}
	body := new(bytes.Buffer)
	enc := json.NewEncoder(body)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(out) // plain structs of strings and numbers
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// body is {"__type": …, "Message": …} for the exceptions of the service's
// model, whose member is named so, and {"__type": …, "message": …} for those
// that are common to all services.
func (e *fault) body() map[string]string {
	key := "message"
	switch e.code {
	case resourceNotFound, resourceExists, invalidParameter, invalidRequest, invalidNextToken, limitExceeded:
		key = "Message"
	}
	return map[string]string{"__type": e.code, key: e.message}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, now time.Time) (any, *fault) {
	if !s.o.Anywhere && !isLoopbackHost(r.Host) {
		return nil, &fault{http.StatusForbidden, accessDenied, "This server answers requests addressed to a loopback host only."}
	}
	if r.Method != http.MethodPost || r.URL.Path != "/" || r.URL.RawQuery != "" {
		return nil, &fault{http.StatusNotFound, unknownOperation, unknownOperMsg}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &fault{http.StatusRequestEntityTooLarge, entityTooLarge, "Request size exceeded " + strconv.Itoa(maxBody) + " bytes."}
	} else if err != nil {
		return nil, fail(serialization, "the request body could not be read")
	}
	service, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	verifier, ours := s.verifiers[service]
	if !ours {
		verifier = s.verifiers[secretsTarget]
	}
	if e := verifier.Verify(r, body, now); e != nil {
		return nil, fail(e.Code, "%s", e.Message)
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	do := operation(service, name)
	if err != nil || media != contentType || !ours || do == nil {
		return nil, fail(unknownOperation, unknownOperMsg)
	}
	p, f := parseParams(body)
	if f != nil {
		return nil, f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return do(&call{s, p, now})
}

// stamp is a time as the protocol writes it: seconds since 1970 as a number,
// with milliseconds.
type stamp struct{ time.Time }

// MarshalJSON implements [json.Marshaler].
func (t stamp) MarshalJSON() ([]byte, error) {
	ms := t.UnixMilli()
	return fmt.Appendf(nil, "%d.%03d", ms/1000, ms%1000), nil
}
