package localsm_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/sync/localsm"
	"hci/sync/secret"
)

// history is a secret "s" with some versions, by a letter for their value.
type history struct {
	t   testing.TB
	c   *secretsmanager.Client
	ids map[string]string // value to version id
}

func newHistory(t testing.TB, c *secretsmanager.Client, values ...string) *history {
	h := &history{t, c, make(map[string]string)}
	must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("s")}))(t)
	for _, v := range values {
		h.put(v)
	}
	return h
}

func (h *history) put(value string, labels ...string) []string {
	h.t.Helper()
	out := must(h.c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String("s"), SecretString: &value, VersionStages: labels}))(h.t)
	h.ids[value] = *out.VersionId
	return out.VersionStages
}

func (h *history) move(label, from, to string) error {
	in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String("s"), VersionStage: &label}
	if from != "" {
		in.RemoveFromVersionId = aws.String(h.ids[from])
	}
	if to != "" {
		in.MoveToVersionId = aws.String(h.ids[to])
	}
	_, err := h.c.UpdateSecretVersionStage(ctx, in)
	return err
}

// want compares the labels, written "a:AWSPREVIOUS b:AWSCURRENT,x".
func (h *history) want(want string) {
	h.t.Helper()
	d := must(h.c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("s")}))(h.t)
	var got []string
	for value, id := range h.ids {
		if labels := d.VersionIdsToStages[id]; labels != nil {
			got = append(got, value+":"+strings.Join(labels, ","))
		}
	}
	slices.Sort(got)
	if strings.Join(got, " ") != want {
		h.t.Errorf("labels %q, want %q", strings.Join(got, " "), want)
	}
}

func (h *history) refused(err error, format string, args ...any) {
	h.t.Helper()
	for value, id := range h.ids {
		for i, a := range args {
			if a == value {
				args[i] = id
			}
		}
	}
	wantError[*types.InvalidParameterException](h.t, err, fmt.Sprintf(format, args...))
}

func TestLabelsFollowWrites(t *testing.T) {
	_, c := start(t, localsm.Options{})
	h := newHistory(t, c, "a")
	h.want("a:AWSCURRENT")
	h.put("b")
	h.want("a:AWSPREVIOUS b:AWSCURRENT")
	h.put("c")
	h.want("b:AWSPREVIOUS c:AWSCURRENT")
	if got := h.put("d", "two", "AWSPENDING", "one"); !slices.Equal(got, []string{"AWSPENDING", "one", "two"}) {
		t.Errorf("stages %v, want them sorted", got)
	}
	h.want("b:AWSPREVIOUS c:AWSCURRENT d:AWSPENDING,one,two")
	h.put("e", "one")
	h.want("b:AWSPREVIOUS c:AWSCURRENT d:AWSPENDING,two e:one")
	h.put("f", "AWSCURRENT", "two")
	h.want("c:AWSPREVIOUS d:AWSPENDING e:one f:AWSCURRENT,two")
}

func TestMoveLabel(t *testing.T) {
	_, c := start(t, localsm.Options{})
	h := newHistory(t, c, "a", "b")
	h.put("c", "mine")

	h.refused(h.move("AWSCURRENT", "", "c"), "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.", "b")
	h.refused(h.move("AWSCURRENT", "a", "c"), "When you move staging label AWSCURRENT, if you specify RemoveFromVersionId, it must be set to the version that currently has the staging label AWSCURRENT.")
	h.refused(h.move("AWSCURRENT", "b", ""), "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.")
	h.refused(h.move("new", "a", "b"), "The staging label new isn't attached to version %s.", "a")
	h.refused(h.move("mine", "a", ""), "The staging label mine isn't attached to version %s.", "a")
	h.refused(h.move("mine", "", ""), "You must provide MoveToVersionId, RemoveFromVersionId, or both.")
	h.want("a:AWSPREVIOUS b:AWSCURRENT c:mine")

	for _, step := range []struct{ label, from, to, want string }{
		{"AWSCURRENT", "b", "c", "b:AWSPREVIOUS c:AWSCURRENT,mine"},
		{"mine", "c", "", "b:AWSPREVIOUS c:AWSCURRENT"},
		{"AWSCURRENT", "c", "b", "b:AWSCURRENT c:AWSPREVIOUS"}, // a rollback
		{"AWSCURRENT", "", "b", "b:AWSCURRENT c:AWSPREVIOUS"},  // already there
		{"AWSCURRENT", "b", "b", "b:AWSCURRENT c:AWSPREVIOUS"},
		{"new", "", "a", "a:new b:AWSCURRENT c:AWSPREVIOUS"}, // an unlabelled version comes back
		{"new", "a", "b", "b:AWSCURRENT,new c:AWSPREVIOUS"},
		{"AWSPREVIOUS", "c", "", "b:AWSCURRENT,new"},
		{"AWSCURRENT", "b", "a", "a:AWSCURRENT b:AWSPREVIOUS,new"},
	} {
		if err := h.move(step.label, step.from, step.to); err != nil {
			t.Fatalf("%s from %s to %s: %v", step.label, step.from, step.to, err)
		}
		h.want(step.want)
	}
	h.ids["gone"] = strings.Repeat("0", 32)
	for _, err := range []error{h.move("x", "", "gone"), h.move("x", "gone", ""), h.move("x", "gone", "a")} {
		wantError[*types.ResourceNotFoundException](t, err, "Secrets Manager can't find the specified secret version: "+h.ids["gone"]+".")
	}
}

func TestAtMostTwentyLabels(t *testing.T) {
	_, c := start(t, localsm.Options{})
	h := newHistory(t, c, "a")
	labels := make([]string, 19)
	for i := range labels {
		labels[i] = fmt.Sprintf("label%02d", i)
	}
	h.put("b", labels...) // and AWSCURRENT: twenty
	wantError[*types.LimitExceededException](t, h.move("another", "", "a"), "")
	_, err := c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String("s"), SecretString: aws.String("c"), VersionStages: []string{"another"}})
	wantError[*types.LimitExceededException](t, err, "")
	if err := h.move("label00", "b", "a"); err != nil {
		t.Errorf("moving a label makes none: %v", err)
	}
	_, err = c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String("s"), SecretString: aws.String("c"), VersionStages: append(labels, "x", "y")})
	wantCode(t, err, "ValidationException", "1 validation error detected: Value '"+strings.Join(append(labels, "x", "y"), ", ")+"' at 'versionStages' failed to satisfy constraint: Member must have length less than or equal to 20")
}

// Writers that read AWSCURRENT, write under a label of their own, and move
// AWSCURRENT from what they read lose no write.
func TestCompareAndSwapRace(t *testing.T) {
	_, c := start(t, localsm.Options{})
	newHistory(t, c, "0")
	const writers, rounds = 8, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			label := fmt.Sprint("writer", w)
			for done := 0; done < rounds; {
				seen, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("s")})
				if err != nil {
					t.Error(err)
					return
				}
				next := *seen.SecretString + "+"
				put, err := c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String("s"), SecretString: &next, VersionStages: []string{label}})
				if err != nil {
					t.Error(err)
					return
				}
				_, err = c.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
					SecretId: aws.String("s"), VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: put.VersionId, RemoveFromVersionId: seen.VersionId,
				})
				if err == nil {
					done++
				} else if !isA[*types.InvalidParameterException](err) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	got := must(c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("s")}))(t)
	if n := len(*got.SecretString) - 1; n != writers*rounds {
		t.Errorf("%d writes in the end, %d were reported as done", n, writers*rounds)
	}
}

func TestListSecretVersionIDs(t *testing.T) {
	_, c, clk := at(t)
	h := newHistory(t, c)
	var newest string
	for i := range 7 {
		newest = fmt.Sprint(i)
		h.put(newest)
		clk.advance(time.Second)
	}
	must(c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("s")}))(t)
	in := &secretsmanager.ListSecretVersionIdsInput{SecretId: aws.String("s")}
	out := must(c.ListSecretVersionIds(ctx, in))(t)
	if len(out.Versions) != 2 || *out.Versions[1].VersionId != h.ids[newest] || out.NextToken != nil || *out.Name != "s" {
		t.Fatalf("labelled versions: %d", len(out.Versions))
	}
	current := out.Versions[1]
	if !slices.Equal(current.KmsKeyIds, []string{"DefaultEncryptionKey"}) || current.LastAccessedDate == nil || out.Versions[0].LastAccessedDate != nil {
		t.Error("key or access date differ")
	}
	if day := current.LastAccessedDate; !day.Equal(day.Truncate(24 * time.Hour)) {
		t.Error("the access date is not a date")
	}

	in.IncludeDeprecated, in.MaxResults = aws.Bool(true), aws.Int32(3)
	var sizes []int
	var ids []string
	pages := secretsmanager.NewListSecretVersionIdsPaginator(c, in)
	for pages.HasMorePages() {
		page := must(pages.NextPage(ctx))(t)
		sizes = append(sizes, len(page.Versions))
		for _, v := range page.Versions {
			ids = append(ids, *v.VersionId)
		}
	}
	if !slices.Equal(sizes, []int{3, 3, 1}) {
		t.Errorf("pages of %v", sizes)
	}
	for i, id := range ids {
		if id != h.ids[fmt.Sprint(i)] {
			t.Errorf("version %d is out of order", i)
		}
	}
	first := must(c.ListSecretVersionIds(ctx, in))(t)
	in.NextToken, in.IncludeDeprecated = first.NextToken, nil
	_, err := c.ListSecretVersionIds(ctx, in)
	wantError[*types.InvalidNextTokenException](t, err, "The provided NextToken is invalid.")
}

func TestPruning(t *testing.T) {
	s, c, clk := at(t)
	count := func() int {
		n := 0
		pages := secretsmanager.NewListSecretVersionIdsPaginator(c, &secretsmanager.ListSecretVersionIdsInput{SecretId: aws.String("s"), IncludeDeprecated: aws.Bool(true)})
		for pages.HasMorePages() {
			n += len(must(pages.NextPage(ctx))(t).Versions)
		}
		return n
	}
	h := newHistory(t, c, "labelled")
	if err := h.move("keep", "", "labelled"); err != nil {
		t.Fatal(err)
	}
	for i := range 150 {
		if err := s.Put("s", secret.New(fmt.Sprint("old", i))); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(); n != 151 {
		t.Fatalf("%d versions, want all that are younger than a day", n)
	}
	clk.advance(24 * time.Hour)
	h.put("new")
	if n := count(); n != 100 {
		t.Errorf("%d versions, want 100", n)
	}
	h.want("labelled:keep new:AWSCURRENT")
	if _, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("s"), VersionStage: aws.String("AWSPREVIOUS")}); err != nil {
		t.Errorf("AWSPREVIOUS is gone: %v", err)
	}
}
