// Package fakeaws is an AWS of its own, for a deployment that touches none: ECS,
// ECR, CloudWatch Logs and STS in AWS's real protocol, on the loopback address,
// with a container registry that asks for a login. Its tasks run as real
// containers of the image that was pushed, and what they write is in their logs.
//
// It knows what a deployment needs, and answers the rest with
// UnknownOperationException. What it does follows the API references of Amazon
// ECS, Amazon ECR and Amazon CloudWatch Logs; a [Scenario] makes things go wrong
// as they do at AWS, only sooner.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/
package fakeaws

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Runner runs containers.
type Runner interface {
	// Pull fetches an image; its error is what ECS would say of it.
	Pull(ctx context.Context, image string) error
	// Run runs a container to its end and hands out what it writes, a line at a
	// time. If ctx ends, so does the container.
	Run(ctx context.Context, c Container, emit func(line string)) (exit int, err error)
}

// Container is one to be run.
type Container struct {
	Name, Image         string
	EntryPoint, Command []string
	Environ             []string // NAME=value
}

// Secrets tells the values of secrets.
type Secrets interface {
	// Value is what a valueFrom names; it fails as ECS's agent would.
	Value(valueFrom string) (string, error)
}

// Options of a [Server].
type Options struct {
	Account, Region string
	Cluster         string
	Service         string
	Family          string // that the service runs
	Desired         int    // tasks of the service; 0 means 1

	// More are further services. Failing names one whose containers are killed again and
	// again.
	More        []Service
	Failing     string
	Definitions map[string]map[string]any
	Repository  string // its name
	// Repositories are further ones.
	Repositories []string
	Registry     http.Handler // speaks the distribution protocol, without a login
	Scenario     Scenario
	Runner       Runner
	Secrets      Secrets
	// SecretsManager answers its requests; nil refuses them.
	SecretsManager http.Handler
	// Tick is the scheduler's pace; 0 means 100 ms.
	Tick time.Duration
	// Exec is the state of ECS Exec's agent in each task, such as RUNNING; "" where it is
	// off.
	Exec string
	// LoseSecret, if set, makes a secret lose its value, for that scenario.
	LoseSecret func()
}

// Service is a service, and what it runs.
type Service struct{ Name, Family string }

// Server is a rehearsal's AWS. Close ends its containers.
type Server struct {
	o      Options
	host   string // 127.0.0.1:port
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu       sync.Mutex
	requests int
	down     bool
	families map[string][]*definition
	services []*service
	service  *service // that an operation is about; set under the lock
	all      []*task
	tokens   map[string]*token
	logs     map[string][]event // by group and stream
	runs     map[string]*task   // one-off tasks, by client token

	targets   map[string][]object // of EventBridge's rules
	scheduled []object            // of EventBridge Scheduler
}

const defaultTick = 100 * time.Millisecond

// New returns a server that is reached at host, "127.0.0.1:port", with the
// service running the first revision of its task definition. Close must be
// called.
func New(host string, o Options) *Server {
	if o.Desired == 0 {
		o.Desired = 1
	}
	if o.Tick == 0 {
		o.Tick = defaultTick
	}
	s := &Server{o: o, host: host, families: map[string][]*definition{}, tokens: map[string]*token{}, logs: map[string][]event{}, runs: map[string]*task{}, targets: map[string][]object{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for family, raw := range o.Definitions {
		s.register(family, raw, "arn:aws:sts::"+o.Account+":assumed-role/terraform/rehearsal")
	}
	s.begin()
	if o.Registry != nil && o.Repository != "" {
		_ = s.Hold(Before, Before) // whose absence a rollback tells
	}
	s.tasks.Go(s.schedule)
	return s
}

// Close ends the scheduler and the containers, and waits for them.
func (s *Server) Close() {
	s.cancel()
	s.tasks.Wait()
}

// arn is one of ECS's.
func (s *Server) arn(kind, rest string) string {
	return "arn:aws:ecs:" + s.o.Region + ":" + s.o.Account + ":" + kind + "/" + rest
}

// newID is 32 hexadecimal digits, as ECS's ids are.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// problem is an answer that says that a request failed.
type problem struct {
	code, message string
}

func (p *problem) Error() string { return p.code + ": " + p.message }

func fail(code, format string, args ...any) error {
	return &problem{code, fmt.Sprintf(format, args...)}
}

type object = map[string]any

const maxRequest = 4 << 20

// ServeHTTP answers the requests of all services.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v2" || strings.HasPrefix(r.URL.Path, "/v2/") {
		s.registry(w, r)
		return
	}
	if digest, ok := strings.CutPrefix(r.URL.Path, layerPath); ok {
		s.layer(w, digest)
		return
	}
	if r.URL.Path == schedulesPath || strings.HasPrefix(r.URL.Path, schedulesPath+"/") {
		s.schedules(w, r)
		return
	}
	target := r.Header.Get("X-Amz-Target")
	service, operation, _ := strings.Cut(target, ".")
	if !s.up() {
		if hijacker, ok := w.(http.Hijacker); ok {
			if conn, _, err := hijacker.Hijack(); err == nil {
				_ = conn.Close()
				return
			}
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if (service == "secretsmanager" || service == "AmazonSSM") && s.o.SecretsManager != nil {
		s.o.SecretsManager.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil {
		return
	}
	if target == "" {
		s.sts(w, string(body))
		return
	}
	in := object{}
	if err := json.Unmarshal(body, &in); err != nil {
		answer(w, nil, fail("SerializationException", "the request is no JSON"))
		return
	}
	if err := s.refused(operation); err != nil {
		answer(w, nil, err)
		return
	}
	out, err := s.operate(service, operation, in)
	answer(w, out, err)
}

func (s *Server) up() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.down
}

// refused is what the scenario refuses.
func (s *Server) refused(operation string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	const third = 3
	switch {
	case s.o.Scenario == ExpiredSession:
		return fail("ExpiredTokenException", "The security token included in the request is expired")
	case s.o.Scenario == Throttling && s.requests%third == 0:
		return fail("ThrottlingException", "Rate exceeded")
	}
	return nil
}

func answer(w http.ResponseWriter, out object, err error) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if p, ok := err.(*problem); ok {
		w.WriteHeader(http.StatusBadRequest)
		out = object{"__type": p.code, "message": p.message}
	}
	_ = json.NewEncoder(w).Encode(out) // the client went away
}

// operate does one operation.
func (s *Server) operate(service, operation string, in object) (object, error) {
	operations := map[string]map[string]func(object) (object, error){
		"AmazonEC2ContainerServiceV20141113": {
			"DescribeServices": s.describeServices, "UpdateService": s.updateService,
			"DescribeTaskDefinition": s.describeTaskDefinition, "RegisterTaskDefinition": s.registerTaskDefinition,
			"DeregisterTaskDefinition": s.deregisterTaskDefinition, "ListTaskDefinitions": s.listTaskDefinitions, "ListTasks": s.listTasks, "DescribeTasks": s.describeTasks,
			"RunTask": s.runTask, "StopTask": s.stopTask, "ExecuteCommand": s.executeCommand,
			"ListServiceDeployments": s.listServiceDeployments, "DescribeServiceDeployments": s.describeServiceDeployments, "StopServiceDeployment": s.stopServiceDeployment,
			"DescribeServiceRevisions": s.describeServiceRevisions,
		},
		"AmazonEC2ContainerRegistry_V20150921": {
			"DescribeRepositories": s.describeRepositories, "DescribeImages": s.describeImages, "GetAuthorizationToken": s.getAuthorizationToken,
			"BatchGetImage": s.batchGetImage, "PutImage": s.putImage, "GetDownloadUrlForLayer": s.getDownloadURLForLayer,
		},
		"AWSEvents":     {"ListRuleNamesByTarget": s.listRuleNamesByTarget, "ListTargetsByRule": s.listTargetsByRule, "PutTargets": s.putTargets},
		"Logs_20140328": {"GetLogEvents": s.getLogEvents, "FilterLogEvents": s.filterLogEvents},
	}
	do, ok := operations[service][operation]
	if !ok {
		return nil, fail("UnknownOperationException", "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return do(in)
}

// sts answers the one operation that a deployment asks it for, in XML.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func (s *Server) sts(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/xml")
	const space = `xmlns="https://sts.amazonaws.com/doc/2011-06-15/"`
	switch {
	case !strings.Contains(body, "Action=GetCallerIdentity"):
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `<ErrorResponse %s><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>not here</Message></Error></ErrorResponse>`, space)
	case s.o.Scenario == ExpiredSession:
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, `<ErrorResponse %s><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>`, space)
	default:
		_, _ = fmt.Fprintf(w, `<GetCallerIdentityResponse %s><GetCallerIdentityResult><Arn>arn:aws:sts::%s:assumed-role/rehearsal/hci</Arn><UserId>AROAREHEARSAL:hci</UserId><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
			space, s.o.Account, s.o.Account)
	}
}

func str(in object, key string) string {
	text, _ := in[key].(string)
	return text
}

func list(in object, key string) []string {
	items, _ := in[key].([]any)
	var all []string
	for _, item := range items {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// last is the end of an ARN.
func last(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// seconds is a time as the protocol has it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
