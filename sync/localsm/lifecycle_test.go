package localsm_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/sync/localsm"
	"hci/sync/secret"
)

const (
	notFound = "Secrets Manager can't find the specified secret."
	pending  = "You can't perform this operation on the secret because it was marked for deletion."
	badName  = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
)

func TestNames(t *testing.T) {
	_, c := start(t, localsm.Options{Region: "eu-central-1", AccountID: "123456789012"})
	create := func(name string) (*secretsmanager.CreateSecretOutput, error) {
		return c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("v")})
	}
	for _, name := range []string{"x", "Az09/_+=.@-", strings.Repeat("n", 512), "ends-abc123"} {
		out, err := create(name)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		want := regexp.MustCompile(`^arn:aws:secretsmanager:eu-central-1:123456789012:secret:` + regexp.QuoteMeta(name) + `-[A-Za-z0-9]{6}$`)
		if !want.MatchString(*out.ARN) {
			t.Errorf("%q: ARN %q", name, *out.ARN)
		}
	}
	for _, name := range []string{"a b", "ä", "a:b", "a#b", "a\n", "rds!x", "a*"} {
		_, err := create(name)
		wantCode(t, err, "ValidationException", badName)
	}
	long := strings.Repeat("n", 513)
	_, err := create(long)
	wantCode(t, err, "ValidationException", "1 validation error detected: Value '"+long+"' at 'name' failed to satisfy constraint: Member must have length less than or equal to 512")
	_, err = create("")
	wantCode(t, err, "ValidationException", "1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1")
	_, err = c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("a b")})
	wantCode(t, err, "ValidationException", badName)
	_, err = c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("rds!cluster-1")})
	wantError[*types.ResourceNotFoundException](t, err, notFound)
}

func TestARNs(t *testing.T) {
	_, c := start(t, localsm.Options{})
	create := func(name string) string {
		return *must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &name}))(t).ARN
	}
	arn := create("team/app")
	hyphen := create("team/app-abc123")
	partial := func(arn string) string { return arn[:len(arn)-7] }
	for id, want := range map[string]string{
		"team/app": "team/app", arn: "team/app", partial(arn): "team/app",
		"team/app-abc123": "team/app-abc123", hyphen: "team/app-abc123",
		// Taken for the complete ARN of another secret team/app.
		partial(hyphen):          "",
		partial(arn) + "-zzzzzz": "",
		partial(arn) + "-":       "",
		"team":                   "",
		"TEAM/APP":               "",
		arn + "x":                "",
		"arn:aws:secretsmanager": "",
		strings.ToUpper(arn):     "",
		"arn:aws-cn" + arn[7:]:   "",
		strings.Replace(arn, "us-east-1", "us-west-2", 1):       "",
		strings.Replace(arn, "000000000000", "000000000001", 1): "",
	} {
		out, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
		switch {
		case want == "" && !strings.HasPrefix(id, "ARN:"):
			wantError[*types.ResourceNotFoundException](t, err, notFound)
		case want == "":
			wantCode(t, err, "ValidationException", badName)
		case err != nil:
			t.Errorf("%s: %v", id, err)
		case *out.Name != want:
			t.Errorf("%s: found %q", id, *out.Name)
		}
	}
	// The ARN of a secret's predecessor doesn't reach it.
	must(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: &arn, ForceDeleteWithoutRecovery: aws.Bool(true)}))(t)
	if again := create("team/app"); again == arn {
		t.Error("the ARN is the same")
	}
	_, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	wantError[*types.ResourceNotFoundException](t, err, notFound)
}

func TestPartitions(t *testing.T) {
	for region, want := range map[string]string{"cn-north-1": "arn:aws-cn:", "us-gov-west-1": "arn:aws-us-gov:", "eu-west-1": "arn:aws:"} {
		_, c := start(t, localsm.Options{Region: region})
		out := must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("x")}))(t)
		if !strings.HasPrefix(*out.ARN, want+"secretsmanager:"+region+":") {
			t.Errorf("%s: %s", region, *out.ARN)
		}
	}
}

func TestDeleteAndRestore(t *testing.T) {
	s, c, clk := at(t)
	id := aws.String("s")
	arn := must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: id, SecretString: aws.String("v")}))(t).ARN
	for _, days := range []int64{-1, 0, 6, 31} {
		_, err := c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: &days})
		wantError[*types.InvalidParameterException](t, err, "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	_, err := c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: aws.Int64(7), ForceDeleteWithoutRecovery: aws.Bool(true)})
	wantError[*types.InvalidParameterException](t, err, "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")

	asked := clk.now()
	deleted := must(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: id}))(t)
	if *deleted.ARN != *arn || *deleted.Name != "s" || !deleted.DeletionDate.Equal(asked.AddDate(0, 0, 30)) {
		t.Errorf("deleted %s at %s", *deleted.Name, deleted.DeletionDate)
	}
	token := aws.String(strings.Repeat("v", 32))
	for name, op := range map[string]func() error{
		"get": func() error {
			_, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: id})
			return err
		},
		"put": func() error {
			_, err := c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: id, SecretString: aws.String("w")})
			return err
		},
		"update": func() error {
			_, err := c.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: id, SecretString: aws.String("w")})
			return err
		},
		"stage": func() error {
			_, err := c.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{SecretId: id, VersionStage: aws.String("x"), MoveToVersionId: token})
			return err
		},
		"tag": func() error {
			_, err := c.TagResource(ctx, &secretsmanager.TagResourceInput{SecretId: id, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
			return err
		},
		"untag": func() error {
			_, err := c.UntagResource(ctx, &secretsmanager.UntagResourceInput{SecretId: id, TagKeys: []string{"k"}})
			return err
		},
		"delete": func() error {
			_, err := c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: id})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantError[*types.InvalidRequestException](t, op(), pending) })
	}
	_, err = c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: id, SecretString: aws.String("v")})
	wantError[*types.InvalidRequestException](t, err, "You can't create this secret because a secret with this name is already scheduled for deletion.")
	if s.Put("s", secret.New("w")) == nil {
		t.Error("seeded over a pending deletion")
	}
	d := must(c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id}))(t)
	if d.DeletedDate == nil || !d.DeletedDate.Equal(*deleted.DeletionDate) {
		t.Error("DescribeSecret doesn't say when the secret goes")
	}
	must(c.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{SecretId: id}))(t)

	clk.advance(30*24*time.Hour - time.Second)
	must(c.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: id}))(t)
	must(c.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: id}))(t) // no error, nothing happens
	if got := must(c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: id}))(t); *got.SecretString != "v" {
		t.Error("restored another value")
	}
	if d := must(c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id}))(t); d.DeletedDate != nil {
		t.Error("still pending after RestoreSecret")
	}

	must(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: aws.Int64(7)}))(t)
	clk.advance(7 * 24 * time.Hour)
	_, err = c.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: id})
	wantError[*types.ResourceNotFoundException](t, err, notFound)
	must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: id, SecretString: aws.String("v")}))(t)
}

func TestForcedDelete(t *testing.T) {
	_, c, clk := at(t)
	force := func(id string) *secretsmanager.DeleteSecretOutput {
		t.Helper()
		return must(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: &id, ForceDeleteWithoutRecovery: aws.Bool(true)}))(t)
	}
	_, err := c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("s")})
	wantError[*types.ResourceNotFoundException](t, err, notFound)
	for _, step := range []string{"live", "pending", "missing"} {
		if step != "missing" {
			must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("v")}))(t)
		}
		if step == "pending" {
			must(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("s")}))(t)
		}
		out := force("s")
		if *out.Name != "s" || !strings.Contains(*out.ARN, ":secret:s-") || !out.DeletionDate.Equal(clk.now()) {
			t.Errorf("%s: %s %s %s", step, *out.Name, *out.ARN, out.DeletionDate)
		}
		_, err := c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("s")})
		wantError[*types.ResourceNotFoundException](t, err, notFound)
	}
	arn := "arn:aws:secretsmanager:us-east-1:000000000000:secret:gone-abcdef"
	if out := force(arn); *out.ARN != arn || *out.Name != "gone" {
		t.Errorf("by ARN: %s %s", *out.Name, *out.ARN)
	}
}

func TestDescribe(t *testing.T) {
	_, c, clk := at(t)
	id := aws.String("s")
	made := clk.now()
	must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: id}))(t)
	d := must(c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id}))(t)
	if d.Description != nil || d.KmsKeyId != nil || d.LastAccessedDate != nil || d.DeletedDate != nil || d.Tags != nil || d.VersionIdsToStages != nil || d.RotationEnabled != nil || d.PrimaryRegion != nil {
		t.Error("a member without a value is there")
	}
	if !d.CreatedDate.Equal(made) || !d.LastChangedDate.Equal(made) {
		t.Error("dates differ")
	}
	clk.advance(1500 * time.Millisecond)
	must(c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: id, SecretString: aws.String("v")}))(t)
	changed := clk.now()
	clk.advance(time.Second)
	must(c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: id}))(t)
	d = must(c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id}))(t)
	if !d.CreatedDate.Equal(made) || !d.LastChangedDate.Equal(changed) || !d.LastAccessedDate.Equal(clk.now().Truncate(24*time.Hour)) {
		t.Errorf("created %s, changed %s, accessed %s", d.CreatedDate, d.LastChangedDate, d.LastAccessedDate)
	}
}

func TestTags(t *testing.T) {
	_, c := start(t, localsm.Options{})
	id := aws.String("s")
	tags := func(pairs ...string) (list []types.Tag) {
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
		}
		return list
	}
	want := func(want string) {
		t.Helper()
		d := must(c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id}))(t)
		var got []string
		for _, tag := range d.Tags {
			got = append(got, *tag.Key+"="+*tag.Value)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("tags %q, want %q", strings.Join(got, " "), want)
		}
	}
	add := func(list []types.Tag) error {
		_, err := c.TagResource(ctx, &secretsmanager.TagResourceInput{SecretId: id, Tags: list})
		return err
	}
	must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: id, Tags: tags("a", "1", "A", "2")}))(t)
	want("a=1 A=2")
	if err := add(tags("b", "", "a", "3")); err != nil {
		t.Fatal(err)
	}
	want("a=3 A=2 b=")
	must(c.UntagResource(ctx, &secretsmanager.UntagResourceInput{SecretId: id, TagKeys: []string{"A", "nobody's"}}))(t)
	want("a=3 b=")

	var many []string
	for i := range 49 {
		many = append(many, fmt.Sprint("k", i), "v")
	}
	wantError[*types.InvalidParameterException](t, add(tags(many...)), "A secret can't have more than 50 tags.")
	want("a=3 b=")
	if err := add(tags(many[2:]...)); err != nil {
		t.Errorf("50 tags: %v", err)
	}
	wantError[*types.InvalidParameterException](t, add(tags("aws:x", "1")), "Tag keys that start with aws: are reserved for AWS use.")
	wantError[*types.InvalidParameterException](t, add(tags("x", "1", "x", "2")), "The list of tags holds a key more than once.")
	wantCode(t, add(tags("", "1")), "ValidationException", "1 validation error detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1")
	wantCode(t, add(tags("k", "v", strings.Repeat("k", 129), strings.Repeat("v", 257))), "ValidationException", "2 validation errors detected: "+
		"Value '"+strings.Repeat("k", 129)+"' at 'tags.2.member.key' failed to satisfy constraint: Member must have length less than or equal to 128; "+
		"Value '"+strings.Repeat("v", 257)+"' at 'tags.2.member.value' failed to satisfy constraint: Member must have length less than or equal to 256")
	_, err := c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("t"), Tags: tags(append(many, "x", "", "y", "")...)})
	wantError[*types.InvalidParameterException](t, err, "A secret can't have more than 50 tags.")
}

func TestRefusedParameters(t *testing.T) {
	_, c := start(t, localsm.Options{})
	_, err := c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("s"), Type: aws.String("partner")})
	wantError[*types.InvalidParameterException](t, err, "Type is not supported by this server.")
	_, err = c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("s"), Description: aws.String(strings.Repeat("d", 2049))})
	wantCode(t, err, "ValidationException", "")
	_, err = c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("s")})
	wantError[*types.ResourceNotFoundException](t, err, notFound)
}
