// Package faultproxy harms requests on their way to an embedded Secrets
// Manager or Parameter Store. It is imported by tests only.
package faultproxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Request is what a fault may depend on.
type Request struct {
	N         int    // of all requests, from 1
	Operation string // "PutSecretValue"
	Secret    string // its name, or the names of a batch
	Attempt   int    // how many of this operation and secret there were, this one included
}

// Proxy stands before the server. Set the fields before the first request.
type Proxy struct {
	Server http.Handler
	Delay  time.Duration // of Late

	handlers sync.WaitGroup
	mu       sync.Mutex
	choose   func(Request) Fault
	seen     []Request
	attempts map[string]int
}

// Set says what happens to requests from now on; nil harms nothing. The function
// is called for one request at a time, and no more once Set has returned.
func (p *Proxy) Set(choose func(Request) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.choose = choose
}

// Requests returns the requests so far.
func (p *Proxy) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Request(nil), p.seen...)
}

// Count returns how many requests of an operation there were.
func (p *Proxy) Count(operation string) int {
	n := 0
	for _, r := range p.Requests() {
		if r.Operation == operation {
			n++
		}
	}
	return n
}

// Some harms a share of all requests with one of the faults. Which ones
// depends on the seed, the operation, the secret and the attempt only, not on
// the order in which requests arrive.
func Some(seed uint64, share float64, faults []Fault) func(Request) Fault {
	return func(r Request) Fault {
		h := fnv.New64a()
		fmt.Fprintln(h, r.Operation, r.Secret, r.Attempt)
		rng := rand.New(rand.NewPCG(seed, h.Sum64()))
		if rng.Float64() >= share {
			return None
		}
		return faults[rng.IntN(len(faults))]
	}
}

// look notes a request, and chooses what happens to it.
func (p *Proxy) look(r *http.Request) (Request, Fault, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return Request{}, None, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var in struct {
		SecretID     string `json:"SecretId"`
		Name         string
		SecretIDList []string `json:"SecretIdList"`
		Names        []string
	}
	_ = json.Unmarshal(body, &in) // what isn't JSON names no secret
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	q := Request{Operation: operation, Secret: in.SecretID + in.Name + strings.Join(in.SecretIDList, " ") + strings.Join(in.Names, " ")}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.attempts == nil {
		p.attempts = map[string]int{}
	}
	key := q.Operation + " " + q.Secret
	p.attempts[key]++
	q.N, q.Attempt = len(p.seen)+1, p.attempts[key]
	p.seen = append(p.seen, q)
	if p.choose == nil {
		return q, None, nil
	}
	return q, p.choose(q), nil
}

// ServeHTTP implements [http.Handler].
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.handlers.Add(1)
	defer p.handlers.Done()
	q, fault, err := p.look(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	p.harm(w, r, q, fault)
}

// URL is the address at which a client from [Proxy.Client] finds the proxy.
const URL = "http://127.0.0.1:1"

// Client serves the proxy in memory until the test ends, with the real HTTP
// server and client, and returns the client. In a bubble of package synctest
// all waiting then takes no time.
func (p *Proxy) Client(t testing.TB) *http.Client {
	t.Helper()
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: p, ErrorLog: log.New(io.Discard, "", 0)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends by Close
	}()
	transport := &http.Transport{DialContext: l.dial, MaxIdleConnsPerHost: 64}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-done
		p.handlers.Wait() // some may still be late
	})
	return &http.Client{Transport: transport}
}
