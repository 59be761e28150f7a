package ecs_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"hci/internal/aws/ecs"
)

// replies are the answers to an operation in their order, the last again and
// again. "!Code: message" says that the request failed.
type replies map[string][]string

// scripted answers from a script and keeps what it was asked.
type scripted struct {
	mu      sync.Mutex
	replies replies
	asked   map[string][]map[string]any // by operation, with numbers as they were written
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, _ := io.ReadAll(r.Body)
	s.asked[operation] = append(s.asked[operation], exact(body))
	reply := "!ClientException: not here"
	if all := s.replies[operation]; len(all) > 0 {
		reply = all[min(len(s.asked[operation]), len(all))-1]
	}
	if failed, ok := strings.CutPrefix(reply, "!"); ok {
		code, message, _ := strings.Cut(failed, ": ")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
		return
	}
	_, _ = io.WriteString(w, reply)
}

// exact is a JSON object with its numbers as they are written; nil for none.
func exact(text []byte) map[string]any {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&object) != nil {
		return nil
	}
	return object
}

func play(t *testing.T, script replies) (*ecs.On, *scripted) {
	t.Helper()
	s := &scripted{replies: script, asked: map[string][]map[string]any{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return ecs.NewOn(config(server.URL), "main", "web"), s
}

func config(url string) aws.Config {
	return aws.Config{Region: "eu-central-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
}

// mustJSON is a value's JSON text.
func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
