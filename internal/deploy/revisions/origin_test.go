package revisions_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
	"hci/internal/deploy/revisions"
)

// family is a task definition's family at AWS.
type family struct {
	all       []map[string]any // answers to DescribeTaskDefinition, the first of revision 1
	withdrawn map[int]bool
	noTags    bool               // tagging is not allowed
	denied    bool               // nor registering
	before    func(f *family)    // somebody else, right before a revision is registered
	sent      []*json.RawMessage // tags of what was registered
}

// revision adds one whose only container has a secret, an image and a mark.
func (f *family) revision(secret, image, mark string) {
	n := len(f.all) + 1
	out := map[string]any{"taskDefinition": map[string]any{
		"taskDefinitionArn": fmt.Sprintf("arn:aws:ecs:eu-central-1:123456789012:task-definition/web:%d", n), "family": "web", "revision": n,
		"registeredAt": 0, "registeredBy": "somebody",
		"containerDefinitions": []any{map[string]any{"name": "app", "image": image, "secrets": []any{map[string]any{"name": secret, "valueFrom": "arn:" + secret}}}},
	}}
	if mark != "" {
		out["tags"] = []any{map[string]any{"key": "hci:made-from", "value": mark}}
	}
	f.all = append(f.all, out)
}

func (f *family) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in struct {
		TaskDefinition       string
		ContainerDefinitions json.RawMessage
		Tags                 *json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		panic(err)
	}
	refuse := func(code, message string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
	}
	n := len(f.all)
	switch operation {
	case "DescribeTaskDefinition":
		if _, number, ok := strings.Cut(in.TaskDefinition, ":"); ok {
			_, _ = fmt.Sscan(number, &n)
		}
		if n < 1 || n > len(f.all) || f.all[n-1] == nil {
			refuse("ClientException", "Unable to describe task definition.")
			return
		}
		out := f.all[n-1]
		out["taskDefinition"].(map[string]any)["status"] = map[bool]string{false: "ACTIVE", true: "INACTIVE"}[f.withdrawn[n]]
		_ = json.NewEncoder(w).Encode(out)
	case "RegisterTaskDefinition":
		if f.denied {
			refuse("AccessDeniedException", "no")
			return
		}
		if f.noTags && in.Tags != nil {
			refuse("AccessDeniedException", "User: hci is not authorized to perform: ecs:TagResource on resource: web")
			return
		}
		if f.noTags {
			f.revision("A", "new", "")
			f.all[len(f.all)-1]["taskDefinition"].(map[string]any)["containerDefinitions"] = in.ContainerDefinitions
			_ = json.NewEncoder(w).Encode(f.all[len(f.all)-1])
			return
		}
		if f.before != nil {
			f.before(f)
		}
		f.sent = append(f.sent, in.Tags)
		f.revision("A", "new", "")
		_ = json.NewEncoder(w).Encode(f.all[len(f.all)-1])
	default:
		refuse("AccessDeniedException", "no")
	}
}

func (f *family) on(t *testing.T) *ecs.On {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return ecs.NewOn(aws.Config{Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, "main", "web")
}

// TestOrigin: what Terraform registers is told from what hci does, and is not
// lost, in whatever order they do it.
func TestOrigin(t *testing.T) {
	// A revision is its secret and, after a space, its mark.
	for _, c := range []struct {
		name              string
		revisions         []string
		withdrawn         int
		current, declared string
	}{
		{"Terraform's alone", []string{"A"}, 0, "web:1", "web:1"},
		{"and one made from it", []string{"A", "A from=1 known=1 after=1"}, 0, "web:2", "web:1"},
		{"Terraform's is newer", []string{"A", "A from=1 known=1 after=1", "B"}, 0, "web:3", "web:3"},
		{"registered while hci made its own", []string{"A", "A from=1 known=1 after=1", "B", "A from=1 known=1 after=2"}, 0, "web:3", "web:3"},
		{"and then another from the same base", []string{"A", "B", "A from=1 known=1 after=1", "A from=1 known=1 after=1"}, 0, "web:2", "web:2"},
		{"two at once", []string{"A", "A from=1 known=1 after=1", "A from=1 known=1 after=1"}, 0, "web:3", "web:1"},
		{"another's tells what this one's does not", []string{"A", "B", "B from=2 known=2 after=2", "A from=1 known=1 after=1"}, 0, "web:2", "web:2"},
		{"--base running", []string{"A", "B", "A from=1 known=2 after=2"}, 0, "web:2", "web:2"},
		{"and again", []string{"A", "B", "A from=1 known=2 after=2", "A from=1 known=2 after=3"}, 0, "web:2", "web:2"},
		{"made from the newer one then", []string{"A", "B", "A from=1 known=2 after=2", "B from=2 known=2 after=3"}, 0, "web:4", "web:2"},
		{"Terraform went back", []string{"A", "B", "A from=1 known=2 after=2", "A"}, 0, "web:4", "web:4"},
		{"what was left out is inactive", []string{"A", "B", "A from=1 known=2 after=2"}, 2, "web:3", "web:1"},
		{"and deleted", []string{"A", "", "A from=1 known=2 after=2"}, 0, "web:3", "web:1"},
		{"what came between is withdrawn", []string{"A", "B", "A from=1 known=1 after=1"}, 2, "web:3", "web:1"},
		{"a mark that was copied", []string{"A", "A from=1 known=1 after=1", "B from=1 known=1 after=1"}, 0, "web:3", "web:3"},
		{"its origin is gone", []string{"A", "A from=7 known=7 after=7"}, 0, "web:2", "web:2"},
		{"no mark of hci's", []string{"A", "B from=0 known=0 after=0"}, 0, "web:2", "web:2"},
		{"as it is marked now", []string{"A", "A from=1 through=1", "B", "A from=1 through=2"}, 0, "web:3", "web:3"},
		{"--base running, as it is marked now", []string{"A", "B", "A from=1 through=1"}, 0, "web:2", "web:2"},
		{"and again, then", []string{"A", "B", "A from=1 through=1", "A from=1 through=1"}, 0, "web:2", "web:2"},
		{"a rollback to one made before", []string{"A", "A from=1 through=1", "B", "B from=3 through=3", "A from=1 through=1", "B from=3 through=5"}, 0, "web:6", "web:3"},
		{"nor is this", []string{"A", "B from=1 known=1 after=2"}, 0, "web:2", "web:2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &family{withdrawn: map[int]bool{c.withdrawn: true}}
			for _, r := range c.revisions {
				secret, mark, _ := strings.Cut(r, " ")
				if r == "" { // deleted
					f.all = append(f.all, nil)
					continue
				}
				f.revision(secret, "image", mark)
			}
			on := f.on(t)
			current, err := revisions.Current(t.Context(), on, "web")
			if err != nil || current.Name != c.current {
				t.Errorf("current: %+v, %v; want %s", current, err, c.current)
			}
			declared, err := revisions.Declared(t.Context(), on, "web")
			if err != nil || declared.Name != c.declared {
				t.Errorf("declared: %+v, %v; want %s", declared, err, c.declared)
			}
		})
	}
}

// TestRegister: a revision that hci registers tells what it was made from, and one
// that lacks what somebody else has registered is not run.
func TestRegister(t *testing.T) {
	for _, c := range []struct {
		name  string
		set   func(f *family)
		tags  string
		newer string // that is refused for; "" for none
		made  string // its name
	}{
		{"made from Terraform's", func(*family) {}, `[{"key":"hci:made-from","value":"from=2 through=2"}]`, "", "web:3"},
		{"from hci's", func(f *family) { f.revision("A", "old", "from=2 known=2 after=2") }, `[{"key":"hci:made-from","value":"from=2 through=3"}]`, "", "web:4"},
		{"Terraform registers right before", func(f *family) { f.before = func(f *family) { f.revision("B", "old", "") } }, `[{"key":"hci:made-from","value":"from=2 through=2"}]`, "web:3", ""},
		{"another hci does", func(f *family) { f.before = func(f *family) { f.revision("A", "old", "from=2 known=2 after=2") } }, `[{"key":"hci:made-from","value":"from=2 through=2"}]`, "", "web:4"},
		{"a mark that was copied", func(f *family) {
			f.revision("A", "old", "from=2 known=2 after=2")
			f.revision("A2", "old", "from=2 known=2 after=2")
		}, `[{"key":"hci:made-from","value":"from=4 through=4"}]`, "", "web:5"},
		{"registering is not allowed", func(f *family) { f.denied = true }, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &family{}
			f.revision("A", "older", "")
			f.revision("A", "old", "")
			c.set(f)
			on := f.on(t)
			d, err := on.Definition(t.Context(), "web")
			if err != nil {
				t.Fatal(err)
			}
			name, err := revisions.Register(t.Context(), names.Names{}, on, on, d.WithImage("old:new", []string{"app"}), false)
			var newer *revisions.NewerError
			if errors.As(err, &newer) != (c.newer != "") || newer != nil && newer.Newer.Name != c.newer {
				t.Errorf("%v, want %q", err, c.newer)
			}
			if got, _ := json.Marshal(append([]*json.RawMessage{}, f.sent...)); string(got) != "["+c.tags+"]" {
				t.Errorf("sent tags %s", got)
			}
			if c.made != "" && name != c.made {
				t.Errorf("registered %q, want %q", name, c.made)
			}
		})
	}
}

// TestRegisterUntagged: where hci may not tag a revision, a label of its container
// tells its origin, and is no difference.
func TestRegisterUntagged(t *testing.T) {
	f := &family{noTags: true}
	f.revision("A", "old", "")
	on := f.on(t)
	for n := range 3 {
		current, err := revisions.Current(t.Context(), on, "web")
		if err != nil || current.Name != fmt.Sprintf("web:%d", n+1) {
			t.Fatalf("%+v, %v", current, err)
		}
		declared, err := revisions.Declared(t.Context(), on, "web")
		if err != nil || declared.Name != "web:1" {
			t.Errorf("declared: %+v, %v", declared, err)
		}
		if _, err := revisions.Register(t.Context(), names.Names{}, on, on, current.WithImage(fmt.Sprintf("old:%d", n), []string{"app"}), false); err != nil {
			t.Fatal(err)
		}
	}
	newest, err := on.Definition(t.Context(), "web")
	if err != nil || newest.Name != "web:4" || newest.Label("hci:made-from") != "from=1 through=3" {
		t.Errorf("%+v, %v", newest, err)
	}
	if len(revisions.Differences(newest, newest.WithImage("old:2", []string{"app"}))) != 0 {
		t.Error("a label is a difference")
	}
	f.revision("B", "old", "")
	if current, err := revisions.Current(t.Context(), on, "web"); err != nil || current.Name != "web:5" {
		t.Errorf("%+v, %v", current, err)
	}
}

// TestRegisterSince: what somebody has registered since the look is not left out.
func TestRegisterSince(t *testing.T) {
	f := &family{}
	f.revision("A", "old", "")
	on := f.on(t)
	d, err := on.Definition(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	f.revision("B", "old", "")
	var newer *revisions.NewerError
	if _, err := revisions.Register(t.Context(), names.Names{}, on, on, d.WithImage("old:new", []string{"app"}), false); !errors.As(err, &newer) || len(f.sent) > 0 {
		t.Errorf("%v, registered %d", err, len(f.sent))
	}
	if err := revisions.UpToDate(t.Context(), names.Names{}, on, d, nil); !errors.As(err, &newer) {
		t.Error(err)
	}
	if text := newer.Error(); text != "web:2, registered 1970-01-01 00:00:00 UTC by somebody, is newer than web:1 (containers.app.secrets.A removed, containers.app.secrets.B added), and would not be what runs" {
		t.Error(text)
	}
}
