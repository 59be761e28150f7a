package awssm_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"testing"

	"hci/sync"
	"hci/sync/awssm"
	"hci/sync/localsm"
	"hci/sync/secret"
)

// local returns a store over the embedded Secrets Manager.
func local(t *testing.T) (*awssm.Store, *localsm.Server) {
	t.Helper()
	server := localsm.New(localsm.Options{Region: "eu-central-1"})
	front := httptest.NewServer(server)
	t.Cleanup(front.Close)
	return open(t, front.URL, server), server
}

func open(t *testing.T, url string, server *localsm.Server) *awssm.Store {
	t.Helper()
	id, key, _ := server.Credentials()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": url, "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": key,
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	st, err := awssm.Open(context.Background(), awssm.Options{Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func put(t *testing.T, server *localsm.Server, name, value string) {
	t.Helper()
	var err error
	if value == "" {
		err = server.PutEmpty(name)
	} else {
		err = server.Put(name, secret.New(value))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readOne(t *testing.T, st *awssm.Store, name string) sync.Held {
	t.Helper()
	held, err := st.Read(context.Background(), []string{name})
	if err != nil || len(held) != 1 {
		t.Fatalf("%d secrets, %v", len(held), err)
	}
	return held[0]
}

func TestReadTellsStatesApart(t *testing.T) {
	st, server := local(t)
	names := []string{"missing", "empty"}
	put(t, server, "empty", "")
	for i := range 45 {
		name := fmt.Sprintf("s%02d", i)
		put(t, server, name, "value of "+name)
		names = append(names, name)
	}
	held, err := st.Read(context.Background(), names)
	if err != nil || len(held) != 46 {
		t.Fatalf("%d secrets, %v", len(held), err)
	}
	for i, h := range held {
		if h.Name != names[i+1] || h.Err != nil {
			t.Errorf("%d is %q, %v", i, h.Name, h.Err)
		}
		if want := h.Name != "empty"; h.HasValue != want || (h.Version != "") != want {
			t.Errorf("%s: has a value: %v, version %q", h.Name, h.HasValue, h.Version)
		}
		if h.HasValue && !h.Value.Equal(secret.New("value of "+h.Name)) {
			t.Errorf("%s holds something else", h.Name)
		}
	}
}

func TestWrite(t *testing.T) {
	st, server := local(t)
	ctx := context.Background()
	put(t, server, "empty", "")
	put(t, server, "full", "old")
	for _, name := range []string{"empty", "full"} {
		seen := readOne(t, st, name)
		version, err := st.Write(ctx, name, text(secret.New("new")), seen)
		if err != nil {
			t.Fatal(err)
		}
		h := readOne(t, st, name)
		if h.Version != version || !h.Value.Equal(secret.New("new")) {
			t.Errorf("%s: version %q, want %q", name, h.Version, version)
		}
		// Over the version seen before, nothing is written any more.
		if _, err := st.Write(ctx, name, text(secret.New("newer")), seen); !errors.Is(err, sync.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
		if h := readOne(t, st, name); h.Version != version {
			t.Errorf("%s was overwritten", name)
		}
	}
}

func TestCreate(t *testing.T) {
	st, _ := local(t)
	ctx := context.Background()
	version, err := st.Create(ctx, "made", text(secret.New("v")), sync.Meta{Description: "d", KMSKeyID: "alias/k", Tags: map[string]string{"Project": "p", "a": ""}})
	if err != nil {
		t.Fatal(err)
	}
	if h := readOne(t, st, "made"); h.Version != version || !h.Value.Equal(secret.New("v")) {
		t.Error("it holds something else")
	}
	list, err := st.List(ctx, sync.Filter{Prefix: "made", Tags: map[string]string{"Project": "p"}})
	if err != nil || len(list) != 1 || len(list[0].Tags) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := st.Create(ctx, "made", text(secret.New("w")), sync.Meta{}); !errors.Is(err, sync.ErrConflict) {
		t.Errorf("%v", err)
	}
}

func TestWrongCredentials(t *testing.T) {
	_, server := local(t)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	st, err := awssm.Open(context.Background(), awssm.Options{Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Read(context.Background(), []string{"x"}); !errors.Is(err, awssm.ErrCredentials) {
		t.Errorf("%v", err)
	}
	_ = server
}
