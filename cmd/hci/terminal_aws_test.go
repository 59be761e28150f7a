package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	stdsync "sync"
	"testing"

	"hci/internal/testing/fakeaws"
)

// planted stands at the end of each text that AWS answers: colours, a bell, the
// beginning of the line, the direction of text, and a control sequence in one
// character, around a word that can be seen.
const planted = "\x1b[31m\x07\r\u202ePLANTED\u2066\u009b2J"

// commanding is what commands a terminal: controls but newline and tab, and
// what turns or hides text.
var commanding = regexp.MustCompile("[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

// plant puts it behind every text in an answer; with messages, only behind those
// that are nothing but text, so that what is asked next finds what it needs.
func plant(v any, key string, messages bool) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = plant(v[k], k, messages)
		}
	case []any:
		for i := range v {
			v[i] = plant(v[i], key, messages)
		}
	case string:
		if strings.HasSuffix(strings.ToLower(key), "token") {
			return v // another one would ask again for ever
		}
		if !messages || slices.Contains(plantedMessages, strings.ToLower(key)) {
			return v + planted
		}
	}
	return v
}

var plantedMessages = []string{"message", "reason", "stoppedreason", "rolloutstatereason", "statusreason", "registeredby", "createdby", "startedby", "description", "group", "detail"}

// Whatever AWS answers, in names, texts and errors, nothing of it commands the
// terminal: each operation of each service in its turn.
func TestAWSAnswersReachTheTerminalAsText(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	commands := [][]string{
		{"deploy", "status", "staging"},
		{"deploy", "status", "staging", "--json"},
		{"deploy", "history", "staging"},
		{"deploy", "logs", "staging"},
		{"deploy", "staging", "--steps", "migrate,update", "--poll", "10ms", "--timeout", "3s", "--yes", "--force"},
		{"deploy", "staging", "--steps", "push,update", "--dry-run"},
		{"deploy", "task", "staging", "migrate", "--yes"},
		{"deploy", "rollback", "staging", "--dry-run"},
		{"secrets", "diff", "staging"},
		{"secrets", "diff", "staging", "--json"},
		{"secrets", "status", "staging"},
		{"secrets", "history", "staging", "hci_rds_password_staging"},
		{"secrets", "push", "staging", "--prune", "--dry-run"},
		{"secrets", "pull", "staging", "--dry-run"},
		{"secrets", "rollback", "staging", "--dry-run"},
	}
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	s.run("secrets", "rekey", "staging", "--keep-passphrase", "--iterations", "1000").is(t, 0) // it is opened often
	s.overwrite("hci_rds_password_staging")
	var mu stdsync.Mutex                   // the server has goroutines of its own
	asks, current := map[string][]int{}, 0 // which commands ask for an operation
	seen := map[string]int{}
	play := func(what string, which []int, rewrite func(operation string, answer []byte) []byte) {
		s.setRewrite(rewrite)
		for _, i := range which {
			mu.Lock()
			current = i
			mu.Unlock()
			args := commands[i]
			p := s.run(args...)
			if at := commanding.FindString(p.out + p.err); at != "" {
				t.Errorf("%s, hci %q: %q reaches the terminal:\n%q", what, args, at, p.out+p.err)
			}
			if strings.Contains(p.err, "a fault in hci itself") {
				t.Errorf("%s, hci %q fails: %s", what, args, p.err)
			}
			seen[what] += strings.Count(p.out+p.err, "PLANTED")
		}
	}
	changed := func(answer []byte, messages bool) []byte {

		var all any
		in := json.NewDecoder(bytes.NewReader(answer))
		in.UseNumber()
		if in.Decode(&all) != nil {
			return bytes.ReplaceAll(answer, []byte("</Arn>"), []byte("\u202ePLANTED\u009b</Arn>")) // STS answers in XML
		}
		text, err := json.Marshal(plant(all, "", messages))
		if err != nil {
			t.Error(err)
		}
		return text
	}
	every := make([]int, len(commands))
	for i := range every {
		every[i] = i
	}
	play("messages", every, func(operation string, answer []byte) []byte {
		mu.Lock()
		if !slices.Contains(asks[operation], current) {
			asks[operation] = append(asks[operation], current)
		}
		mu.Unlock()
		return changed(answer, true)
	})
	play("a log", []int{3}, func(operation string, answer []byte) []byte {
		if operation == "FilterLogEvents" {
			return changed([]byte(`{"events":[{"eventId":"1","timestamp":1,"ingestionTime":1,"logStreamName":"web/web/1","message":"text"}]}`), true)
		}
		return answer
	})
	for _, what := range []string{"messages", "a log"} {
		if seen[what] == 0 {
			t.Errorf("%s: what was planted is not seen", what)
		}
	}
	mu.Lock()
	asks = maps.Clone(asks)
	mu.Unlock()
	if len(asks) < 12 {
		t.Errorf("AWS was asked for %q only", slices.Sorted(maps.Keys(asks)))
	}
	for operation, which := range asks {
		which = slices.DeleteFunc(slices.Clone(which), func(i int) bool { return slices.Contains(commands[i], "--yes") }) // they wait for what they started
		play(operation, which, func(op string, answer []byte) []byte {
			if op != operation {
				return answer
			}
			return changed(answer, false)
		})
		play("error of "+operation, which, func(op string, answer []byte) []byte {
			if op != operation {
				return answer
			}
			text, err := json.Marshal(map[string]string{"__type": "AccessDenied" + planted + "Exception", "message": "no " + planted})
			if err != nil {
				t.Error(err)
			}
			return text
		})
	}
	shown := 0
	for _, n := range seen {
		if n > 0 {
			shown++
		}
	}
	if shown < len(asks) {
		t.Errorf("what was planted is seen in %d plays only: %v", shown, seen)
	}
}
