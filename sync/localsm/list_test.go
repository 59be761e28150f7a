package localsm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/sync/localsm"
	"hci/sync/secret"
)

func names(t testing.TB, c *secretsmanager.Client, in *secretsmanager.ListSecretsInput) string {
	t.Helper()
	var list []string
	pages := secretsmanager.NewListSecretsPaginator(c, in)
	for pages.HasMorePages() {
		for _, e := range must(pages.NextPage(ctx))(t).SecretList {
			list = append(list, *e.Name)
		}
	}
	return strings.Join(list, " ")
}

func TestFilters(t *testing.T) {
	s, c := start(t, localsm.Options{})
	for _, seed := range []struct{ name, description, tags string }{
		{"DatabaseSecret", "My Description", "env=prod team=Data"},
		{"databaseSecret", "my basic description", "env=staging"},
		{"MyDataSecret", "Description of my secret", "Env=prod"},
		{"app/api_key2", "", ""},
	} {
		tags := make(map[string]string)
		for pair := range strings.FieldsSeq(seed.tags) {
			k, v, _ := strings.Cut(pair, "=")
			tags[k] = v
		}
		if err := s.Put(seed.name, secret.New("v"), localsm.Description(seed.description), localsm.Tags(tags)); err != nil {
			t.Fatal(err)
		}
	}
	const all = "DatabaseSecret databaseSecret MyDataSecret app/api_key2"
	tests := []struct{ filters, want string }{
		{"", all},
		{"name=Data", "DatabaseSecret"}, // the user guide's example
		{"name=app/", "app/api_key2"},
		{"name=api", ""},
		{"name=", all},
		{"name=Data|app", "DatabaseSecret app/api_key2"},
		{"name=!Data", "databaseSecret MyDataSecret app/api_key2"},
		{"name=!Data|!app", "databaseSecret MyDataSecret"},
		{"name=Data|data|!Data", "databaseSecret"},
		{"name=!", ""},
		{"description=My Description", "DatabaseSecret databaseSecret MyDataSecret"}, // the user guide's example
		{"description=my", "DatabaseSecret databaseSecret MyDataSecret"},
		{"description=my b", "databaseSecret"},
		{"description=ription", ""},
		{"description=!basic", "DatabaseSecret MyDataSecret app/api_key2"},
		{"tag-key=env", "DatabaseSecret databaseSecret"},
		{"tag-key=e", "DatabaseSecret databaseSecret"},
		{"tag-key=!env", "MyDataSecret app/api_key2"},
		{"tag-value=prod", "DatabaseSecret MyDataSecret"},
		{"tag-value=PROD", ""},
		{"tag-key=env&tag-value=prod", "DatabaseSecret"},
		{"tag-key=env&tag-value=!prod", "databaseSecret"},
		{"all=data", "DatabaseSecret databaseSecret MyDataSecret"},
		{"all=PROD", "DatabaseSecret MyDataSecret"},
		{"all=basic_key", "databaseSecret app/api_key2"}, // any of the words
		{"all=2", "app/api_key2"},
		{"all=base", ""}, // within a word
		{"all=!data", "app/api_key2"},
		{"all=_", ""},
		{"primary-region=us", ""},
		{"primary-region=!us", all},
		{"owning-service=rds", ""},
		{"owning-service=!rds", all},
	}
	for _, tt := range tests {
		t.Run(tt.filters, func(t *testing.T) {
			if got := names(t, c, &secretsmanager.ListSecretsInput{Filters: parseFilters(tt.filters)}); got != tt.want {
				t.Errorf("ListSecrets: %q, want %q", got, tt.want)
			}
			if tt.filters == "" {
				return
			}
			var list []string
			pages := secretsmanager.NewBatchGetSecretValuePaginator(c, &secretsmanager.BatchGetSecretValueInput{Filters: parseFilters(tt.filters), MaxResults: aws.Int32(2)})
			for pages.HasMorePages() {
				for _, e := range must(pages.NextPage(ctx))(t).SecretValues {
					list = append(list, *e.Name)
				}
			}
			if got := strings.Join(list, " "); got != tt.want {
				t.Errorf("BatchGetSecretValue: %q, want %q", got, tt.want)
			}
		})
	}
}

// parseFilters reads "key=value|value&key=value".
func parseFilters(text string) (list []types.Filter) {
	if text == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, "&") {
		k, v, _ := strings.Cut(part, "=")
		list = append(list, types.Filter{Key: types.FilterNameStringType(k), Values: strings.Split(v, "|")})
	}
	return list
}

func TestFilterLimits(t *testing.T) {
	_, c := start(t, localsm.Options{})
	one := "1 validation error detected: "
	many := slices.Repeat([]types.Filter{{Key: "name", Values: []string{"x"}}}, 11)
	for _, tt := range []struct {
		filters []types.Filter
		message string
	}{
		{parseFilters("colour=x"), one + "Value 'colour' at 'filters.1.member.key' failed to satisfy constraint: Member must satisfy enum value set: [description, name, tag-key, tag-value, primary-region, owning-service, all]"},
		{parseFilters("name=a#b"), one + `Value 'a#b' at 'filters.1.member.values.1.member' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\!?[a-zA-Z0-9 :_@\/\+\=\.\-\!]*$`},
		{[]types.Filter{{Key: "name", Values: []string{}}}, one + "Value at 'filters.1.member.values' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{parseFilters("name=" + strings.Repeat("a|", 10)), one + "Value at 'filters.1.member.values' failed to satisfy constraint: Member must have length less than or equal to 10"},
		{many, one + "Value at 'filters' failed to satisfy constraint: Member must have length less than or equal to 10"},
	} {
		_, err := c.ListSecrets(ctx, &secretsmanager.ListSecretsInput{Filters: tt.filters})
		wantCode(t, err, "ValidationException", tt.message)
		_, err = c.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{Filters: tt.filters})
		wantCode(t, err, "ValidationException", tt.message)
	}
	for _, n := range []int32{0, 101, -1} {
		_, err := c.ListSecrets(ctx, &secretsmanager.ListSecretsInput{MaxResults: &n})
		wantCode(t, err, "ValidationException", "")
	}
	_, err := c.ListSecrets(ctx, &secretsmanager.ListSecretsInput{SortBy: "colour", SortOrder: "up"})
	wantCode(t, err, "ValidationException", "2 validation errors detected: Value 'colour' at 'sortBy' failed to satisfy constraint: Member must satisfy enum value set: [created-date, last-accessed-date, last-changed-date, name]; "+
		"Value 'up' at 'sortOrder' failed to satisfy constraint: Member must satisfy enum value set: [asc, desc]")
}

func TestSorting(t *testing.T) {
	_, c, clk := at(t)
	for _, name := range []string{"c", "a", "b"} {
		must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("v")}))(t)
		clk.advance(time.Hour)
	}
	must(c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("b")}))(t)
	clk.advance(24 * time.Hour)
	must(c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("c")}))(t)
	must(c.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: aws.String("a"), Description: aws.String("new")}))(t)
	for _, tt := range []struct {
		by        types.SortByType
		asc, desc string
	}{
		{"", "c a b", "b a c"},
		{"created-date", "c a b", "b a c"},
		{"name", "a b c", "c b a"},
		{"last-changed-date", "c b a", "a b c"},
		{"last-accessed-date", "a b c", "c b a"},
	} {
		for _, n := range []int32{1, 2, 100} {
			for order, want := range map[types.SortOrderType]string{"": tt.asc, "asc": tt.asc, "desc": tt.desc} {
				in := &secretsmanager.ListSecretsInput{SortBy: tt.by, SortOrder: order, MaxResults: &n}
				if got := names(t, c, in); got != want {
					t.Errorf("by %q, %q, pages of %d: %q, want %q", tt.by, order, n, got, want)
				}
			}
		}
	}
}

func TestListedDetails(t *testing.T) {
	_, c, clk := at(t)
	made := clk.now()
	created := must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: aws.String("s"), SecretString: aws.String("v"), Description: aws.String("d"), KmsKeyId: aws.String("alias/k"),
		Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
	}))(t)
	list := must(c.ListSecrets(ctx, &secretsmanager.ListSecretsInput{}))(t).SecretList
	if len(list) != 1 {
		t.Fatalf("%d secrets", len(list))
	}
	e := list[0]
	if *e.ARN != *created.ARN || *e.Name != "s" || *e.Description != "d" || *e.KmsKeyId != "alias/k" || len(e.Tags) != 1 || !e.CreatedDate.Equal(made) ||
		!e.LastChangedDate.Equal(made) || e.LastAccessedDate != nil || e.DeletedDate != nil || !slices.Equal(e.SecretVersionsToStages[*created.VersionId], []string{"AWSCURRENT"}) {
		t.Error("the entry differs")
	}
}

func TestPlannedDeletion(t *testing.T) {
	_, c, clk := at(t)
	for _, name := range []string{"going", "staying"} {
		must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("v")}))(t)
	}
	must(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("going"), RecoveryWindowInDays: aws.Int64(7)}))(t)
	asked := clk.now()
	if got := names(t, c, &secretsmanager.ListSecretsInput{}); got != "staying" {
		t.Errorf("listed %q", got)
	}
	with := &secretsmanager.ListSecretsInput{IncludePlannedDeletion: aws.Bool(true)}
	if got := names(t, c, with); got != "going staying" {
		t.Errorf("listed %q", got)
	}
	if e := must(c.ListSecrets(ctx, with))(t).SecretList[0]; !e.DeletedDate.Equal(asked) {
		t.Errorf("deleted %s", e.DeletedDate)
	}
	batch := must(c.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{Filters: parseFilters("name=")}))(t)
	if len(batch.SecretValues) != 1 || len(batch.Errors) != 0 {
		t.Errorf("%d values, %d errors", len(batch.SecretValues), len(batch.Errors))
	}
	clk.advance(7 * 24 * time.Hour)
	if got := names(t, c, with); got != "staying" {
		t.Errorf("listed %q after the recovery window", got)
	}
}

func TestPaging(t *testing.T) {
	s, c := start(t, localsm.Options{})
	for i := range 205 {
		if err := s.Put(fmt.Sprintf("s%03d", i), secret.New("v")); err != nil {
			t.Fatal(err)
		}
	}
	first := must(c.ListSecrets(ctx, &secretsmanager.ListSecretsInput{}))(t)
	if len(first.SecretList) != 100 {
		t.Fatalf("%d on the first page", len(first.SecretList))
	}
	// What comes and goes between two pages changes nothing for the others.
	must(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("s099"), ForceDeleteWithoutRecovery: aws.Bool(true)}))(t)
	must(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("s000")}))(t)
	second := must(c.ListSecrets(ctx, &secretsmanager.ListSecretsInput{NextToken: first.NextToken}))(t)
	if *second.SecretList[0].Name != "s100" || len(second.SecretList) != 100 {
		t.Errorf("the second page starts with %s", *second.SecretList[0].Name)
	}
	last := must(c.ListSecrets(ctx, &secretsmanager.ListSecretsInput{NextToken: second.NextToken}))(t)
	if len(last.SecretList) != 5 || last.NextToken != nil {
		t.Errorf("%d on the last page", len(last.SecretList))
	}
	batch := must(c.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{Filters: parseFilters("name=s")}))(t)
	if len(batch.SecretValues) != 20 || batch.NextToken == nil {
		t.Errorf("%d in the first batch", len(batch.SecretValues))
	}
	wrong := []byte(*first.NextToken)
	wrong[0] ^= 1
	for name, in := range map[string]*secretsmanager.ListSecretsInput{
		"altered":       {NextToken: aws.String(string(wrong))},
		"garbage":       {NextToken: aws.String("x")},
		"not base64":    {NextToken: aws.String("!")},
		"other order":   {NextToken: first.NextToken, SortOrder: "desc"},
		"other filters": {NextToken: first.NextToken, Filters: parseFilters("name=s")},
		"of a batch":    {NextToken: batch.NextToken},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.ListSecrets(ctx, in)
			wantError[*types.InvalidNextTokenException](t, err, "The provided NextToken is invalid.")
		})
	}
}

func TestBatchByID(t *testing.T) {
	s, c := start(t, localsm.Options{})
	for _, name := range []string{"a", "b", "going"} {
		if err := s.Put(name, secret.New("value of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutEmpty("empty"); err != nil {
		t.Fatal(err)
	}
	must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("bin"), SecretBinary: []byte{0, 255}}))(t)
	must(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("going")}))(t)
	arn := must(c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("b")}))(t).ARN

	out := must(c.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"a", "missing", *arn, "empty", "going", "bin", "bad name"}}))(t)
	var got []string
	for _, v := range out.SecretValues {
		if !slices.Equal(v.VersionStages, []string{"AWSCURRENT"}) || v.VersionId == nil || v.CreatedDate == nil || v.ARN == nil {
			t.Errorf("%s: stages %v", *v.Name, v.VersionStages)
		}
		got = append(got, *v.Name+"="+aws.ToString(v.SecretString)+fmt.Sprint(v.SecretBinary))
	}
	if want := "a=value of a[] b=value of b[] bin=[0 255]"; strings.Join(got, " ") != want {
		t.Errorf("values %q, want %q", strings.Join(got, " "), want)
	}
	got = nil
	for _, e := range out.Errors {
		got = append(got, *e.SecretId+": "+*e.ErrorCode+": "+*e.Message)
	}
	want := []string{
		"missing: ResourceNotFoundException: " + notFound,
		"empty: ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
		"going: InvalidRequestException: " + pending,
		"bad name: ResourceNotFoundException: " + notFound,
	}
	if !slices.Equal(got, want) {
		t.Errorf("errors %q, want %q", got, want)
	}
	// A label that has moved is seen at once.
	put := must(c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String("a"), SecretString: aws.String("2"), VersionStages: []string{"x"}}))(t)
	must(c.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String("a"), VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: put.VersionId, RemoveFromVersionId: out.SecretValues[0].VersionId}))(t)
	again := must(c.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"a"}}))(t)
	if *again.SecretValues[0].SecretString != "2" {
		t.Error("the batch is stale")
	}
}

func TestBatchParameters(t *testing.T) {
	_, c := start(t, localsm.Options{})
	const either = "Either 'SecretIdList' or 'Filters' must be provided, but not both."
	batch := func(in secretsmanager.BatchGetSecretValueInput) error {
		_, err := c.BatchGetSecretValue(ctx, &in)
		return err
	}
	wantError[*types.InvalidParameterException](t, batch(secretsmanager.BatchGetSecretValueInput{}), either)
	wantError[*types.InvalidParameterException](t, batch(secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"a"}, Filters: parseFilters("name=a")}), either)
	wantError[*types.InvalidParameterException](t, batch(secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"a"}, MaxResults: aws.Int32(5)}),
		"'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.")
	wantCode(t, batch(secretsmanager.BatchGetSecretValueInput{SecretIdList: slices.Repeat([]string{"a"}, 21)}), "ValidationException", "")
	wantCode(t, batch(secretsmanager.BatchGetSecretValueInput{Filters: parseFilters("name=a"), MaxResults: aws.Int32(21)}), "ValidationException",
		"1 validation error detected: Value '21' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 20")
	wantError[*types.InvalidNextTokenException](t, batch(secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"a"}, NextToken: aws.String("x")}), "")
}
