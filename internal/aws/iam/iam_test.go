package iam_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"hci/internal/aws/client"
	"hci/internal/aws/iam"
)

// The answer is AWS's own example, cut to what is read.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
const answer = `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <SimulatePrincipalPolicyResult>
    <IsTruncated>false</IsTruncated>
    <EvaluationResults>
      <member><EvalActionName>secretsmanager:GetSecretValue</EvalActionName><EvalDecision>allowed</EvalDecision></member>
      <member><EvalActionName>secretsmanager:PutSecretValue</EvalActionName><EvalDecision>implicitDeny</EvalDecision></member>
      <member><EvalActionName>ecs:RunTask</EvalActionName><EvalDecision>explicitDeny</EvalDecision></member>
    </EvaluationResults>
  </SimulatePrincipalPolicyResult>
</SimulatePrincipalPolicyResponse>`

func TestDenied(t *testing.T) {
	var form map[string][]string
	refuse := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		form = r.PostForm
		if refuse {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`))
			return
		}
		_, _ = w.Write([]byte(answer))
	}))
	defer srv.Close()
	cfg := client.Config{Region: "eu-north-1", BaseEndpoint: &srv.URL, Credentials: credentials.NewStaticCredentialsProvider("AKID", "fake", "")}
	id := client.Identity{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/deployer/me"}
	q := iam.Question{Resource: "*", Actions: []string{"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "ecs:RunTask"}}
	denied, err := iam.Denied(t.Context(), cfg, id, q)
	if err != nil || !slices.Equal(denied, []string{"secretsmanager:PutSecretValue", "ecs:RunTask"}) {
		t.Errorf("%v, %v", denied, err)
	}
	if form["PolicySourceArn"][0] != "arn:aws:iam::123456789012:role/deployer" || form["ActionNames.member.3"][0] != "ecs:RunTask" {
		t.Errorf("%v", form)
	}
	q.Actions = q.Actions[:1] // an answer that is not about what was asked
	if _, err := iam.Denied(t.Context(), cfg, id, q); err == nil {
		t.Error("an answer to another question is taken")
	}
	refuse = true
	var failed *client.Error
	if _, err := iam.Denied(t.Context(), cfg, id, q); !errors.As(err, &failed) || failed.Code != "AccessDenied" {
		t.Errorf("%v", err)
	}
}
