package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"

	"hci/internal/deploy/names"

	stdsync "sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/spf13/cobra"

	"hci/internal/aws/client"
	"hci/internal/aws/ssm"
	"hci/internal/child"
	"hci/internal/compare"
	"hci/internal/docker"
	"hci/internal/privatedir"
	"hci/internal/testing/fakeaws"
	"hci/sync/localsm"
	"hci/tfvars/module"
)

// rehearsal is a deployment against an AWS of hci's own.
type rehearsal struct {
	scenario fakeaws.Scenario
	server   *fakeaws.Server
	host     string
	a        *app
	engine   *docker.Engine // that images were built on
	close    []func()

	once    stdsync.Once
	session *docker.Session
	failed  error
}

// rehearseFlags add --rehearse and what goes with it.
func rehearseFlags(cmd *cobra.Command, o *deployOptions) {
	var names []string
	for _, s := range fakeaws.Scenarios {
		names = append(names, string(s))
	}
	cmd.Flags().BoolVar(&o.rehearse, "rehearse", false, "perform it with the real Docker and an AWS of hci's own on this machine")
	cmd.Flags().StringVar(&o.scenario, "scenario", "", "what happens in the rehearsal: "+strings.Join(names, ", "))
}

// rehearse makes this run a rehearsal, if that is asked for.
func (a *app) rehearse(o deployOptions) error {
	scenario, err := fakeaws.ParseScenario(o.scenario)
	switch {
	case err != nil:
		return err
	case !o.rehearse && o.scenario != "":
		return errors.New("--scenario goes with --rehearse")
	case !o.rehearse:
		return nil
	case o.resume:
		return errors.New("a rehearsal leaves nothing to resume")
	}
	a.rehearsal = &rehearsal{scenario: scenario, a: a}
	return nil
}

// rehearsalEvery is how often the rehearsal's AWS is asked.
const rehearsalEvery = 200 * time.Millisecond

// rehearsalAccount is used if the code names none.
const rehearsalAccount = "123456789012"

// begin starts the rehearsal's AWS with what the Terraform code declares.
func (r *rehearsal) begin(ctx context.Context, a *app, d *deployment) (client.Config, error) {
	opened, err := a.desired(ctx, d.Env.Name, compare.Options{})
	if err != nil {
		return client.Config{}, err
	}
	if d.names.TaskDefinition == "" {
		why := "the Terraform code does not tell what the service runs"
		return client.Config{}, &names.MissingError{Names: []names.Missing{{Key: "task_definition", Why: why}}}
	}
	account := d.names.Account
	if account == "" {
		account = rehearsalAccount
	}
	local, err := a.newLocalServer(opened, account, false, "")
	if err != nil {
		return client.Config{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return client.Config{}, err
	}
	blobs, err := privatedir.NewOnDisk(self)
	if err != nil {
		return client.Config{}, err
	}
	r.close = append(r.close, func() { _ = blobs.Remove() })
	listener, err := localsm.ListenLoopback(ctx)
	if err != nil {
		return client.Config{}, err
	}
	r.host = listener.Addr().String()
	values := &heldSecrets{server: local.server}
	more, err := moreServices(ctx, a, d)
	if err != nil {
		return client.Config{}, err
	}
	var repositories []string
	for _, image := range d.names.OtherImages() {
		repositories = append(repositories, image.Repository)
	}
	r.server = fakeaws.New(r.host, fakeaws.Options{
		Repositories: repositories,
		Account:      account, Region: local.server.Region(), Cluster: d.names.Cluster, Service: d.names.Service, Family: d.names.TaskDefinition, More: more,
		Definitions: r.definitions(d, account, local.server.Region()), Repository: d.names.Repository,
		Registry: registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(blobs.Path)), registry.Logger(log.New(io.Discard, "", 0))),
		Scenario: r.scenario, Runner: r, Secrets: values, SecretsManager: local.server, LoseSecret: values.lose,
	})
	web := &http.Server{Handler: r.server, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = web.Serve(listener) }() // its end is the rehearsal's
	r.close = append(r.close, func() { _ = web.Close() }, r.server.Close)
	a.sayf("a rehearsal (%s): AWS is hci's own, at %s; nothing else is asked", r.scenario, r.host)
	return r.config(local.server), nil
}

// moreServices are the other services that run the image.
func moreServices(ctx context.Context, a *app, d *deployment) ([]fakeaws.Service, error) {
	all, err := d.all(ctx, a)
	if err != nil {
		return nil, err
	}
	var more []fakeaws.Service
	for _, one := range all[1:] {
		more = append(more, fakeaws.Service{Name: one.names.Service, Family: one.names.TaskDefinition})
	}
	return more, nil
}

// config leads to the rehearsal's AWS, and nowhere else.
func (r *rehearsal) config(server *localsm.Server) client.Config {
	keyID, key, _ := server.Credentials()
	endpoint := "http://" + r.host
	var dialer net.Dialer
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != r.host {
			return nil, fmt.Errorf("a rehearsal asks nobody at %s", address)
		}
		return dialer.DialContext(ctx, network, address)
	}}
	return client.Config{
		Region: server.Region(), BaseEndpoint: &endpoint, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider(keyID, key, ""),
	}
}

// definitions are the declared task definitions.
func (r *rehearsal) definitions(d *deployment, account, region string) map[string]map[string]any {
	image := func(t module.Task, c module.Container) string {
		for _, repository := range d.Evaluated.Repositories {
			if repository.Address == c.Repository && repository.Name != d.names.Repository {
				return r.host + "/" + repository.Name + ":" + fakeaws.Before
			}
		}
		if c.Repository != "" || d.names.Deploys(t, c) {
			return r.host + "/" + d.names.Repository + ":" + fakeaws.Before
		}
		return c.Image
	}
	arn := func(name string) string {
		return "arn:aws:secretsmanager:" + region + ":" + account + ":secret:" + name
	}
	all := map[string]map[string]any{}
	for _, t := range d.Evaluated.Tasks {
		if t.Family != "" {
			all[t.Family] = fakeaws.Definition(t, image, arn)
		}
	}
	return all
}

// end ends the rehearsal: its containers, its AWS, its images.
func (r *rehearsal) end() {
	for i := range r.close {
		r.close[len(r.close)-1-i]()
	}
	if r.engine != nil {
		_ = r.engine.OwnSession("", io.Discard).RemoveImages(context.Background(), r.host)
	}
	if r.session != nil {
		_ = r.session.Close()
	}
}

// docker is that for the rehearsal's own containers.
func (r *rehearsal) docker() (*docker.Session, error) {
	r.once.Do(func() {
		ctx := context.Background()
		engine, err := docker.Find(ctx, r.a.environFor(child.Docker))
		if err != nil {
			r.failed = err
			return
		}
		r.engine = engine
		self, err := os.Executable()
		if err != nil {
			r.failed = err
			return
		}
		if r.session, r.failed = engine.Session(r.host, self, io.Discard); r.failed == nil {
			r.failed = r.session.Login(ctx, "AWS", r.server.Token())
		}
	})
	return r.session, r.failed
}

// Pull fetches an image for a task.
func (r *rehearsal) Pull(ctx context.Context, image string) error {
	s, err := r.docker()
	if err != nil {
		return err
	}
	return s.Pull(ctx, image)
}

// Run runs a container of a task.
func (r *rehearsal) Run(ctx context.Context, c fakeaws.Container, emit func(string)) (int, error) {
	s, err := r.docker()
	if err != nil {
		return 0, err
	}
	return s.Run(ctx, docker.Container{Image: c.Image, EntryPoint: c.EntryPoint, Command: c.Command, Environ: c.Environ}, emit)
}

// heldSecrets are the values that the embedded Secrets Manager holds.
type heldSecrets struct {
	server *localsm.Server
	mu     stdsync.Mutex
	lost   bool
}

// lose makes secrets lose their values.
func (h *heldSecrets) lose() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost = true
}

// Value is what a valueFrom names.
func (h *heldSecrets) Value(valueFrom string) (string, error) {
	const name, key = 6, 7
	h.mu.Lock()
	defer h.mu.Unlock()
	fields := strings.Split(valueFrom, ":")
	if parameter, ok := ssm.ParameterName(valueFrom); ok && !h.lost {
		return h.parameter(parameter)
	}
	if len(fields) <= name || h.lost {
		return "", errors.New("ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
	}
	for _, version := range h.server.History(fields[name]) {
		for _, label := range version.Labels {
			if label != "AWSCURRENT" {
				continue
			}
			if len(fields) <= key || fields[key] == "" {
				return version.Value.Reveal(), nil
			}
			return inJSON(version.Value.Reveal(), fields[key])
		}
	}
	return "", errors.New("ResourceNotFoundException: Secrets Manager can't find the specified secret")
}

// parameter is the value of a parameter, of whose name an ARN doesn't tell whether
// it begins with a slash.
func (h *heldSecrets) parameter(name string) (string, error) {
	for _, one := range []string{name, "/" + name} {
		if versions := h.server.ParameterHistory(one); len(versions) > 0 {
			return versions[len(versions)-1].Value.Reveal(), nil
		}
	}
	return "", errors.New("ParameterNotFound: the parameter is not there")
}

// inJSON is a key's value in an object.
func inJSON(text, key string) (string, error) {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &object) != nil || object[key] == nil {
		return "", fmt.Errorf("retrieved secret did not contain json key %s", key)
	}
	var plain string
	if json.Unmarshal(object[key], &plain) == nil {
		return plain, nil
	}
	return string(object[key]), nil
}
