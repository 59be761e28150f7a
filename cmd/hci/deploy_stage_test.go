package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"hci/internal/deploy/names"

	stdsync "sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"hci/internal/compare"
	"hci/internal/testing/fakeaws"
	"hci/sync/localsm"
)

// stage is the sample project with an AWS of its own that outlives single runs of
// hci. Its tasks are no containers, but functions of [player]: what needs the real
// Docker is tested with -tags interop.
type stage struct {
	t            *testing.T
	dir          string
	names        names.Names
	failing      string   // service whose tasks are killed again and again
	repositories []string // further ones
	exec         string   // state of ECS Exec's agent; "" where it is off
	host         string
	server       *fakeaws.Server
	secrets      *localsm.Server
	player       *player
	docker       *rehearsal // runs the tasks in the player's place; nil for that
	environ      []string

	mu     stdsync.Mutex
	asked  []string               // operations, in their order
	before func(operation string) // called before the server sees a request; may be nil
	after  func(operation string) // called before hci sees the answer; may be nil
	watch  func(operation string, answer []byte)
	// request is called with each request; may be nil.
	request func(operation string, in map[string]any)
	// rewrite changes an answer; may be nil.
	rewrite func(operation string, answer []byte) []byte
	refuse  []string // operations that the identity may not do
	noTags  bool     // nor tag what it registers
	blind   bool     // no task is listed yet: the list is eventually consistent
	hidden  []string // tokens for the registry, which must be shown nowhere
}

// player plays the tasks' containers.
type player struct {
	mu         stdsync.Mutex
	exit       int           // of the migration
	proxy      int           // exit code of a container beside it
	wait       func()        // the migration waits for; may be nil
	hold       chan struct{} // tasks do not start before it is closed; nil for none
	migrations []string
}

// set changes how it plays.
func (p *player) set(change func(p *player)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *player) Pull(ctx context.Context, _ string) error {
	p.mu.Lock()
	hold := p.hold
	p.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	return nil
}

// nasty is a line that tries to command the terminal.
const nasty = "\x1b]0;owned\x07applied"

func (p *player) Run(ctx context.Context, c fakeaws.Container, emit func(string)) (int, error) {
	if c.Name == "proxy" {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.proxy, nil
	}
	if slices.Contains(c.Command, "create-admin") {
		emit("created")
		return 0, nil
	}
	if !slices.Contains(c.Command, "migrate") {
		emit("serving")
		<-ctx.Done()
		return 137, nil
	}
	p.mu.Lock()
	p.migrations = append(p.migrations, c.Image)
	wait, exit := p.wait, p.exit
	p.mu.Unlock()
	emit("Operations to perform:")
	emit(nasty)
	if wait != nil {
		wait()
	}
	return exit, nil
}

// migrated are the images that migrations ran in.
func (p *player) migrated() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.migrations)
}

const stageTick = 5 * time.Millisecond

// newStage makes one for the environment staging. Changes are made before its AWS
// is.
func newStage(t *testing.T, scenario fakeaws.Scenario, changes ...func(*stage)) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), player: &player{}}
	if err := os.CopyFS(s.dir, os.DirFS(sampleProject)); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	s.environ = []string{
		"HCI_PASSPHRASE=" + stagePhrase, "HOME=" + home, "USERPROFILE=" + home, "XDG_STATE_HOME=" + home, "LOCALAPPDATA=" + home,
		"PATH=" + os.Getenv("PATH"), "NO_COLOR=1", "AWS_EC2_METADATA_DISABLED=true", "GIT_CONFIG_NOSYSTEM=1",
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.host = listener.Addr().String()
	for _, change := range changes {
		change(s)
	}
	s.open(scenario)
	web := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = web.Serve(listener) }()
	t.Cleanup(func() {
		_ = web.Close()
		s.server.Close()
	})
	id, key, _ := s.secrets.Credentials()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://" + s.host, "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": key, "AWS_REGION": "eu-central-1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
		s.environ = append(s.environ, name+"="+value)
	}
	s.hidden = append(s.hidden, key)
	return s
}

const stagePhrase = "correct horse battery staple" // public: what it opens is made up

// open makes the AWS with what the sample declares.
func (s *stage) open(scenario fakeaws.Scenario) {
	s.t.Helper()
	a := newApp(streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard}, s.environ)
	a.dir = s.dir
	opened, err := a.desired(context.Background(), "staging", compare.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	d, err := a.named(opened.Env, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	local, err := a.newLocalServer(opened, rehearsalAccount, false, "")
	if err != nil {
		s.t.Fatal(err)
	}
	s.secrets, s.names = local.server, d.names
	for _, w := range opened.Wants {
		s.hidden = append(s.hidden, w.Value.Reveal())
	}
	more, err := moreServices(context.Background(), a, d)
	if err != nil {
		s.t.Fatal(err)
	}
	r := &rehearsal{host: s.host}
	runner := fakeaws.Runner(s.player)
	if s.docker != nil {
		runner = s.docker
	}
	values := &heldSecrets{server: local.server}
	s.server = fakeaws.New(s.host, fakeaws.Options{
		Account: rehearsalAccount, Region: "eu-central-1", Cluster: d.names.Cluster, Service: d.names.Service, Family: d.names.TaskDefinition, More: more, Failing: s.failing, Exec: s.exec,
		Definitions: r.definitions(d, rehearsalAccount, "eu-central-1"), Repository: d.names.Repository, Repositories: s.repositories,
		Registry: registry.New(registry.Logger(log.New(io.Discard, "", 0))), Scenario: scenario, Runner: runner, Secrets: values,
		SecretsManager: local.server, LoseSecret: values.lose, Tick: stageTick,
	})
	if s.docker != nil {
		s.docker.server = s.server
	}
}

// ServeHTTP notes what is asked.
func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s.mu.Lock()
	s.asked = append(s.asked, operation)
	before, after, watch, rewrite, refuse, noTags, blind := s.before, s.after, s.watch, s.rewrite, s.refuse, s.noTags, s.blind
	if s.request != nil {
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var in map[string]any
		if err == nil && json.Unmarshal(body, &in) == nil {
			s.request(operation, in)
		}
	}
	s.mu.Unlock()
	if before != nil {
		before(operation)
	}
	if slices.Contains(refuse, operation) || noTags && operation == "RegisterTaskDefinition" && tagged(r) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type": "AccessDeniedException", "message": "it is not authorized to perform: iam:PassRole"}`)
		return
	}
	if operation == "ListTasks" && blind {
		_, _ = io.WriteString(w, `{"taskArns": []}`)
		return
	}
	if operation == "" && rewrite == nil || after == nil && watch == nil && rewrite == nil {
		s.server.ServeHTTP(w, r)
		return
	}
	answer := &heldAnswer{header: http.Header{}, status: http.StatusOK}
	s.server.ServeHTTP(answer, r)
	if after != nil {
		after(operation)
	}
	if watch != nil {
		watch(operation, answer.body.Bytes())
	}
	for key, values := range answer.header {
		w.Header()[key] = values
	}
	body := answer.body.Bytes()
	if rewrite != nil {
		w.Header().Del("Content-Length")
		body = rewrite(operation, body)
		if answer.status == http.StatusOK && bytes.HasPrefix(body, []byte(`{"__type":`)) {
			answer.status = http.StatusBadRequest // an error in its place
		}
	}
	w.WriteHeader(answer.status)
	_, _ = w.Write(body)
}

// tagged reports whether a request has tags. Its body can be read again.
func tagged(r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return strings.Contains(string(body), `"tags":`)
}

// on sets what is called with each operation that changes something, before the
// server sees the request, or after.
func (s *stage) on(moment string, f func(operation string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if moment == "before" {
		s.before = f
	} else {
		s.after = f
	}
}

// refuses sets the operations that the identity may not do.
func (s *stage) refuses(operations ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = operations
}

// refusesTags lets the identity register no revision with tags.
func (s *stage) refusesTags() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noTags = true
}

// setRewrite sets how answers are changed; nil for not at all.
func (s *stage) setRewrite(rewrite func(operation string, answer []byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rewrite = rewrite
}

// listsTasks sets whether tasks are listed.
func (s *stage) listsTasks(does bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blind = !does
}

// heldAnswer is an answer that waits.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header         { return h.header }
func (h *heldAnswer) WriteHeader(status int)      { h.status = status }
func (h *heldAnswer) Write(p []byte) (int, error) { return h.body.Write(p) }

// changing are the operations that change something.
var changingOperations = []string{"RegisterTaskDefinition", "RunTask", "UpdateService", "StopServiceDeployment", "StopTask"}

// changed are those that were asked for.
func (s *stage) changed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.asked), func(op string) bool { return !slices.Contains(changingOperations, op) })
}

// played is one run of hci.
type played struct {
	code     int
	out, err string
}

// run runs hci and looks that it shows no secret.
func (s *stage) run(args ...string) played { return s.runWith(context.Background(), "", args...) }

func (s *stage) runWith(ctx context.Context, in string, args ...string) played {
	s.t.Helper()
	var out, errOut bytes.Buffer
	code := run(ctx, append([]string{"-C", s.dir}, args...), streams{in: strings.NewReader(in), out: &out, err: &errOut}, s.environ)
	p := played{code, out.String(), errOut.String()}
	s.looks(p)
	return p
}

// looks fails the test if a secret is shown, or the terminal commanded.
func (s *stage) looks(p played) {
	s.t.Helper()
	for _, secret := range append(s.hidden, stagePhrase) {
		if secret != "" && strings.Contains(p.out+p.err, secret) {
			s.t.Error("a secret is shown")
		}
	}
	if strings.Contains(p.out+p.err, "\x1b") || strings.Contains(p.out+p.err, "\x07") {
		s.t.Error("an escape sequence of a task is passed on")
	}
}

var wrap = regexp.MustCompile(`\n {2,}`)

// is fails the test unless hci exited with a code and said all texts on one of its
// streams.
func (p played) is(t *testing.T, code int, texts ...string) {
	t.Helper()
	if p.code != code {
		t.Errorf("exit code %d, want %d:\n%s%s", p.code, code, p.out, p.err)
	}
	all := p.out + p.err
	whole := wrap.ReplaceAllString(all, " ") // the plan is broken to a screen's width
	for _, text := range texts {
		if !strings.Contains(all, text) && !strings.Contains(whole, text) {
			t.Errorf("%q is not said:\n%s%s", text, p.out, p.err)
		}
	}
}

// git runs git in the project; the test is skipped where there is none.
func (s *stage) git(args ...string) string {
	s.t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		s.t.Skip("no git here")
	}
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit makes the project a repository with one more commit, and returns its
// abbreviation.
func (s *stage) commit() string {
	s.t.Helper()
	s.git("init", "-q")
	s.git("add", "-A")
	s.git("commit", "-q", "--allow-empty", "-m", "one more")
	return s.git("rev-parse", "HEAD")[:12]
}

// held puts an image under a commit's tag, as if it had been pushed.
func (s *stage) held(commit string) {
	s.t.Helper()
	if err := s.server.Hold("git-"+commit, commit); err != nil {
		s.t.Fatal(err)
	}
}

// write writes a file of the project.
func (s *stage) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// call asks the AWS as somebody else would. What is throttled is asked again.
func (s *stage) call(service, operation string, in any) map[string]any {
	s.t.Helper()
	for {
		out, status := s.callOnce(service, operation, in)
		if status == http.StatusOK {
			return out
		}
		if out["__type"] != "ThrottlingException" {
			s.t.Fatalf("%s: HTTP status %d, %v", operation, status, out)
		}
	}
}

func (s *stage) callOnce(service, operation string, in any) (map[string]any, int) {
	s.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		s.t.Fatal(err)
	}
	target := map[string]string{"ecs": "AmazonEC2ContainerServiceV20141113", "ecr": "AmazonEC2ContainerRegistry_V20150921"}[service]
	r, err := http.NewRequest(http.MethodPost, "http://"+s.host, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", target+"."+operation)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		s.t.Fatal(err)
	}
	return out, resp.StatusCode
}

// runs is the revision that the service is to run, and the image in it.
func (s *stage) runs() (revision, image string) {
	s.t.Helper()
	return s.serviceRuns(s.names.Service)
}

// serviceRuns is runs of one of several services.
func (s *stage) serviceRuns(service string) (revision, image string) {
	s.t.Helper()
	services := s.call("ecs", "DescribeServices", map[string]any{"cluster": s.names.Cluster, "services": []string{service}})
	arn := services["services"].([]any)[0].(map[string]any)["taskDefinition"].(string)
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": arn})["taskDefinition"].(map[string]any)
	image = fmt.Sprint(d["containerDefinitions"].([]any)[0].(map[string]any)["image"])
	return arn[strings.LastIndexByte(arn, '/')+1:], image
}

// digest is the registry's of a tag.
func (s *stage) digest(tag string) string {
	s.t.Helper()
	out := s.call("ecr", "DescribeImages", map[string]any{"repositoryName": s.names.Repository, "imageIds": []any{map[string]any{"imageTag": tag}}})
	return out["imageDetails"].([]any)[0].(map[string]any)["imageDigest"].(string)
}

// steady waits until the service's deployment is rolled out.
func (s *stage) steady() {
	s.t.Helper()
	for {
		services := s.call("ecs", "DescribeServices", map[string]any{"cluster": s.names.Cluster, "services": []string{s.names.Service}})
		d := services["services"].([]any)[0].(map[string]any)["deployments"].([]any)
		if d[0].(map[string]any)["rolloutState"] == "COMPLETED" {
			return
		}
		time.Sleep(stageTick)
	}
}

// process runs hci as a process of its own, which can be killed.
func (s *stage) process(args ...string) *exec.Cmd {
	cmd := exec.Command("hci", append([]string{"-C", s.dir}, args...)...)
	cmd.Env = append(slices.Clone(s.environ), "PATH="+os.Getenv("PATH"))
	return cmd
}

// killed lets a deployment be killed at the nth request that changes something.
func (s *stage) killed(n int, moment string) {
	s.t.Helper()
	s.killedIn(deployStaging(), n, moment)
}

// killedIn lets hci be killed so: before AWS does what it is asked, after, or
// instead.
func (s *stage) killedIn(args []string, n int, moment string) {
	s.t.Helper()
	cmd := s.process(args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	started, fired := make(chan struct{}), make(chan struct{})
	seen := 0
	hook := moment
	if moment == "instead" {
		hook = "before"
	}
	s.on(hook, func(operation string) {
		if !slices.Contains(changingOperations, operation) {
			return
		}
		s.mu.Lock()
		hit := seen == n
		seen++
		s.mu.Unlock()
		if hit {
			<-started
			_ = cmd.Process.Kill()
			close(fired)
			if moment == "instead" {
				panic(http.ErrAbortHandler)
			}
		}
	})
	defer s.on(hook, nil)
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	close(started)
	err := cmd.Wait()
	select {
	case <-fired:
	case <-time.After(time.Minute):
		s.t.Fatalf("it was not killed: %v\n%s", err, out.String())
	}
	s.looks(played{err: out.String()})
}

const migrateCommand = "deploy {\n  migrate_command = [\"python\", \"manage.py\", \"migrate\"]\n}\n"

// hasNew reports whether the service is to run the secret that registersSecret adds.
func (s *stage) hasNew() bool {
	s.t.Helper()
	runs, _ := s.runs()
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": runs})["taskDefinition"].(map[string]any)
	return strings.Contains(fmt.Sprint(d["containerDefinitions"]), "HCI_NEW")
}

// once does something before AWS sees the next request for an operation.
func (s *stage) once(operation string, do func()) { s.onceAt("before", operation, do) }

// onceAfter does something before hci sees the next answer to one.
func (s *stage) onceAfter(operation string, do func()) { s.onceAt("after", operation, do) }

func (s *stage) onceAt(moment, operation string, do func()) {
	s.on(moment, func(op string) {
		if op == operation {
			s.on(moment, nil)
			do()
		}
	})
}

// left lets hci be interrupted in its rollout, which goes on.
func (s *stage) left(args ...string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	hold := make(chan struct{}) // so that it has not ended by then
	s.onceAfter("UpdateService", func() {
		s.player.set(func(p *player) {
			if p.hold == nil {
				p.hold = hold
			}
		})
		s.onceAfter("DescribeServices", cancel)
	})
	s.runWith(ctx, "", args...).is(s.t, 130, "'hci deploy --resume staging' watches it again")
	s.player.set(func(p *player) {
		if p.hold == hold {
			p.hold = nil
		}
	})
	close(hold)
}

// restarts is somebody else's new deployment of a revision.
func (s *stage) restarts(revision string) {
	s.t.Helper()
	s.call("ecs", "UpdateService", map[string]any{
		"cluster": s.names.Cluster, "service": s.names.Service, "taskDefinition": revision, "forceNewDeployment": true,
	})
}

// state is the directory in which hci remembers things about the project.
func (s *stage) state() string {
	s.t.Helper()
	a := newApp(streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard}, s.environ)
	a.dir = s.dir
	p, err := a.project()
	if err != nil {
		s.t.Fatal(err)
	}
	return p.StateDir()
}

// journal is the text of the journal of what was left.
func (s *stage) journal() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.state(), "deploy", "staging.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// givenUp tells of a revision's first deployment that ECS gave it up.
func givenUp(revision, status string) func(string, []byte) []byte {
	var mu stdsync.Mutex
	id := ""
	return func(operation string, answer []byte) []byte {
		var out struct {
			Services []map[string]any `json:"services"`
			Failures []any            `json:"failures"`
		}
		if operation != "DescribeServices" || json.Unmarshal(answer, &out) != nil || len(out.Services) == 0 {
			return answer
		}
		for _, d := range out.Services[0]["deployments"].([]any) {
			d := d.(map[string]any)
			mu.Lock()
			if id == "" && d["status"] == status && strings.HasSuffix(d["taskDefinition"].(string), "/"+revision) {
				id = d["id"].(string)
			}
			given := d["id"] == id
			mu.Unlock()
			if given {
				d["rolloutState"], d["rolloutStateReason"] = "FAILED", "tasks failed to start"
			}
		}
		answer, err := json.Marshal(out)
		if err != nil {
			panic(err)
		}
		return answer
	}
}

// addsProxy registers a migration with a second container.
func (s *stage) addsProxy() {
	s.t.Helper()
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": "hci_migrate_staging"})["taskDefinition"].(map[string]any)
	for _, key := range registeredMembers {
		delete(d, key)
	}
	d["containerDefinitions"] = append(d["containerDefinitions"].([]any), map[string]any{"name": "proxy", "image": "proxy:1", "command": []string{"proxy"}})
	s.call("ecs", "RegisterTaskDefinition", d)
}

const goOn = "--poll=10ms"

// await waits until the service is to run a revision, and until until that is rolled
// out.
func (s *stage) await(revision string) {
	s.t.Helper()
	for {
		if runs, _ := s.runs(); runs == revision {
			return
		}
		time.Sleep(stageTick)
	}
}

func (s *stage) until(revision string) {
	s.t.Helper()
	s.await(revision)
	s.steady()
}
