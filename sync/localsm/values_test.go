package localsm_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/sync/localsm"
	"hci/sync/secret"
)

func TestValueRoundTrip(t *testing.T) {
	_, c := start(t, localsm.Options{})
	for i, text := range []string{
		"x", "ü€𝄞", "<&>\u2028", "line\nbreak\ttab\x00nul", `{"a":"\\\"b"}`, "\ufffd", strings.Repeat("\x01", 65536), strings.Repeat("€", 21845),
	} {
		name := "round/trip" + string(rune('a'+i))
		created := must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &text}))(t)
		got := must(c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: created.ARN}))(t)
		if aws.ToString(got.SecretString) != text || got.SecretBinary != nil {
			t.Errorf("text %d came back different", i)
		}
		if aws.ToString(got.VersionId) != aws.ToString(created.VersionId) || *got.Name != name || !slices.Equal(got.VersionStages, []string{"AWSCURRENT"}) {
			t.Errorf("text %d: wrong version, name or stages", i)
		}
	}
	raw := make([]byte, 65536)
	for i := range raw {
		raw[i] = byte(i)
	}
	must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("binary"), SecretBinary: raw}))(t)
	got := must(c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("binary")}))(t)
	if !bytes.Equal(got.SecretBinary, raw) || got.SecretString != nil {
		t.Error("bytes came back different")
	}
}

func TestValueLimits(t *testing.T) {
	_, c := start(t, localsm.Options{})
	tests := []struct {
		name  string
		text  *string
		raw   []byte
		code  string
		error string
	}{
		{"empty text", aws.String(""), nil, "ValidationException",
			"1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"long text", aws.String(strings.Repeat("x", 65537)), nil, "ValidationException",
			"1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536"},
		{"bytes count, not characters", aws.String(strings.Repeat("€", 21846)), nil, "ValidationException",
			"1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536"},
		{"empty bytes", nil, []byte{}, "ValidationException",
			"1 validation error detected: Value at 'secretBinary' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"long bytes", nil, make([]byte, 65537), "ValidationException",
			"1 validation error detected: Value at 'secretBinary' failed to satisfy constraint: Member must have length less than or equal to 65536"},
		{"both", aws.String("x"), []byte("x"), "InvalidParameterException",
			"You can't specify both a binary secret value and a string secret value in the same secret."},
	}
	must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("there")}))(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("new"), SecretString: tt.text, SecretBinary: tt.raw})
			wantCode(t, err, tt.code, tt.error)
			_, err = c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String("there"), SecretString: tt.text, SecretBinary: tt.raw})
			wantCode(t, err, tt.code, tt.error)
			_, err = c.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: aws.String("there"), SecretString: tt.text, SecretBinary: tt.raw})
			wantCode(t, err, tt.code, tt.error)
		})
	}
	_, err := c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("new")})
	wantError[*types.ResourceNotFoundException](t, err, "Secrets Manager can't find the specified secret.")
	_, err = c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String("there")})
	wantError[*types.InvalidRequestException](t, err, "You must provide either SecretString or SecretBinary.")
}

func TestSecretWithoutValue(t *testing.T) {
	s, c := start(t, localsm.Options{})
	if err := s.PutEmpty("seeded"); err != nil {
		t.Fatal(err)
	}
	created := must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("created")}))(t)
	if created.VersionId != nil {
		t.Error("a secret without a value has a version")
	}
	for _, name := range []string{"seeded", "created"} {
		_, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
		wantError[*types.ResourceNotFoundException](t, err, "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
		d := must(c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name}))(t)
		if d.VersionIdsToStages != nil {
			t.Errorf("%s: versions without a value", name)
		}
		// The first version gets AWSCURRENT, whatever labels are asked for.
		put := must(c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: aws.String("v"), VersionStages: []string{"mine"}}))(t)
		if !slices.Equal(put.VersionStages, []string{"AWSCURRENT", "mine"}) {
			t.Errorf("%s: stages %v", name, put.VersionStages)
		}
	}
	_, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("missing")})
	wantError[*types.ResourceNotFoundException](t, err, "Secrets Manager can't find the specified secret.")
}

func TestGetByVersion(t *testing.T) {
	_, c := start(t, localsm.Options{})
	id := aws.String("s")
	one := must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: id, SecretString: aws.String("1")}))(t)
	two := must(c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: id, SecretString: aws.String("2")}))(t)
	get := func(version, stage *string) (string, error) {
		out, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: id, VersionId: version, VersionStage: stage})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.SecretString), nil
	}
	for _, tt := range []struct {
		version, stage *string
		want           string
	}{
		{nil, nil, "2"},
		{nil, aws.String("AWSCURRENT"), "2"},
		{nil, aws.String("AWSPREVIOUS"), "1"},
		{one.VersionId, nil, "1"},
		{two.VersionId, nil, "2"},
		{one.VersionId, aws.String("AWSPREVIOUS"), "1"},
	} {
		if got := must(get(tt.version, tt.stage))(t); got != tt.want {
			t.Errorf("version %q stage %q: got %q, want %q", aws.ToString(tt.version), aws.ToString(tt.stage), got, tt.want)
		}
	}
	_, err := get(one.VersionId, aws.String("AWSCURRENT"))
	wantError[*types.InvalidRequestException](t, err, "You provided a VersionStage that is not associated to the provided VersionId.")
	_, err = get(nil, aws.String("AWSPENDING"))
	wantError[*types.ResourceNotFoundException](t, err, "Secrets Manager can't find the specified secret value for staging label: AWSPENDING")
	missing := strings.Repeat("0", 32)
	_, err = get(&missing, nil)
	wantError[*types.ResourceNotFoundException](t, err, "Secrets Manager can't find the specified secret value for VersionId: "+missing)
	_, err = get(aws.String("AWSCURRENT"), nil)
	wantCode(t, err, "ValidationException", "1 validation error detected: Value 'AWSCURRENT' at 'versionId' failed to satisfy constraint: Member must have length greater than or equal to 32")
}

func TestClientRequestToken(t *testing.T) {
	_, c := start(t, localsm.Options{})
	token := aws.String(strings.Repeat("t", 32))
	inUse := func(arn *string) string {
		return "You can't use ClientRequestToken " + *token + " because that value is already in use for a version of secret " + *arn + "."
	}
	create := func(value string) (*secretsmanager.CreateSecretOutput, error) {
		return c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("s"), ClientRequestToken: token, SecretString: &value})
	}
	first := must(create("a"))(t)
	if *first.VersionId != *token {
		t.Errorf("version %q is not the token", *first.VersionId)
	}
	again := must(create("a"))(t)
	if *again.ARN != *first.ARN || *again.VersionId != *token {
		t.Error("the repeated request was not recognized")
	}
	_, err := create("b")
	wantError[*types.ResourceExistsException](t, err, inUse(first.ARN))
	_, err = c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("a")})
	wantError[*types.ResourceExistsException](t, err, "The operation failed because the secret s already exists.")

	put := func(value string, raw []byte) (*secretsmanager.PutSecretValueOutput, error) {
		in := &secretsmanager.PutSecretValueInput{SecretId: aws.String("s"), ClientRequestToken: token, SecretBinary: raw}
		if raw == nil {
			in.SecretString = &value
		}
		return c.PutSecretValue(ctx, in)
	}
	if out := must(put("a", nil))(t); *out.VersionId != *token || !slices.Equal(out.VersionStages, []string{"AWSCURRENT"}) {
		t.Error("the repeated write was not recognized")
	}
	_, err = put("b", nil)
	wantError[*types.ResourceExistsException](t, err, inUse(first.ARN))
	_, err = put("", []byte("a"))
	wantError[*types.ResourceExistsException](t, err, inUse(first.ARN))
	// A → B → A with one token for A is what a token made of the content
	// would do: the second A is ignored and B stays.
	must(c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String("s"), SecretString: aws.String("b")}))(t)
	if out := must(put("a", nil))(t); !slices.Equal(out.VersionStages, []string{"AWSPREVIOUS"}) {
		t.Errorf("stages %v: a repeated token moved a label", out.VersionStages)
	}
	_, err = c.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: aws.String("s"), ClientRequestToken: token, SecretString: aws.String("a")})
	wantError[*types.ResourceExistsException](t, err, inUse(first.ARN))
	_, err = c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String("s"), ClientRequestToken: aws.String("short"), SecretString: aws.String("c")})
	wantCode(t, err, "ValidationException", "1 validation error detected: Value 'short' at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 32")
}

func TestUpdateSecret(t *testing.T) {
	_, c, clk := at(t)
	id := aws.String("s")
	must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: id, Description: aws.String("old"), SecretString: aws.String("1")}))(t)
	clk.advance(1)
	out := must(c.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: id, Description: aws.String(""), KmsKeyId: aws.String("alias/mine")}))(t)
	if out.VersionId != nil {
		t.Error("a version was made without a value")
	}
	d := must(c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id}))(t)
	if d.Description != nil || aws.ToString(d.KmsKeyId) != "alias/mine" {
		t.Errorf("description %q, key %q", aws.ToString(d.Description), aws.ToString(d.KmsKeyId))
	}
	two := must(c.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: id, SecretBinary: []byte("2"), KmsKeyId: aws.String("")}))(t)
	d = must(c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id}))(t)
	if d.KmsKeyId != nil || !slices.Equal(d.VersionIdsToStages[*two.VersionId], []string{"AWSCURRENT"}) || len(d.VersionIdsToStages) != 2 {
		t.Errorf("key %q, stages %v", aws.ToString(d.KmsKeyId), d.VersionIdsToStages)
	}
	_, err := c.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: aws.String("other")})
	wantError[*types.ResourceNotFoundException](t, err, "Secrets Manager can't find the specified secret.")
}

func TestSeeding(t *testing.T) {
	s, c := start(t, localsm.Options{})
	if err := s.Put("db", secret.New("one"), localsm.Description("the database"), localsm.Tags(map[string]string{"b": "2", "a": "1"})); err != nil {
		t.Fatal(err)
	}
	if err := s.Put("db", secret.New("two")); err != nil {
		t.Fatal(err)
	}
	got := must(c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("db")}))(t)
	if *got.SecretString != "two" {
		t.Error("not the newest value")
	}
	d := must(c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("db")}))(t)
	if *d.Description != "the database" || len(d.Tags) != 2 || *d.Tags[0].Key != "a" || len(d.VersionIdsToStages) != 2 {
		t.Error("description, tags or versions differ")
	}
	for name, bad := range map[string]error{
		"bad name":   s.Put("with space", secret.New("x")),
		"no name":    s.PutEmpty(""),
		"empty":      s.Put("x", secret.New("")),
		"too long":   s.Put("x", secret.New(strings.Repeat("s3cr3t", 11000))),
		"many tags":  s.PutEmpty("x", manyTags(51)),
		"long name":  s.PutEmpty(strings.Repeat("n", 513)),
		"reserved !": s.PutEmpty("rds!x"),
	} {
		if bad == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(bad.Error(), "s3cr3t") {
			t.Errorf("%s: the error shows the value", name)
		}
	}
	must(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("db")}))(t)
	if s.Put("db", secret.New("three")) == nil {
		t.Error("seeded a secret that is pending deletion")
	}
}

func manyTags(n int) localsm.SeedOption {
	tags := make(map[string]string)
	for i := range n {
		tags[strings.Repeat("k", i+1)] = "v"
	}
	return localsm.Tags(tags)
}
