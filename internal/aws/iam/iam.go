// Package iam asks AWS IAM what an identity may do, without doing it, and what its
// account is called.
//
// Who the identity is says hci/internal/aws/client; what hci needs is listed in
// docs/iam.md and asked by cmd/hci/doctor_aws.go.
package iam

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"hci/internal/aws/client"
)

// Question is what may be done to a resource.
type Question struct {
	Resource string // an ARN, or "*"
	Actions  []string
}

const patience = 10 * time.Second

// Denied asks which actions the policies of an identity do not allow, by
// SimulatePrincipalPolicy. It fails with a [*client.Error] where the identity may
// not ask that either, or IAM does not know it, as a federated user.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
func Denied(ctx context.Context, cfg client.Config, id client.Identity, q Question) ([]string, error) {
	form := url.Values{
		"Action": {"SimulatePrincipalPolicy"}, "Version": {"2010-05-08"}, "MaxItems": {"1000"},
		"PolicySourceArn": {Principal(id.ARN)}, "ResourceArns.member.1": {q.Resource},
	}
	for i, action := range q.Actions {
		form.Set(fmt.Sprintf("ActionNames.member.%d", i+1), action)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := client.Form(ctx, cfg, "iam", "us-east-1", endpoint(cfg), form)
	if err != nil {
		return nil, err
	}
	var out struct {
		Results []struct {
			Action   string `xml:"EvalActionName"`
			Decision string `xml:"EvalDecision"`
		} `xml:"SimulatePrincipalPolicyResult>EvaluationResults>member"`
	}
	if err := xml.Unmarshal(answer, &out); err != nil || len(out.Results) != len(q.Actions) {
		return nil, &client.Error{Operation: "SimulatePrincipalPolicy", Code: "Unreadable", Message: "not an answer of IAM"}
	}
	var denied []string
	for _, r := range out.Results {
		if r.Decision != "allowed" {
			denied = append(denied, r.Action)
		}
	}
	return denied, nil
}

var assumed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^arn:([a-z-]+):sts::([0-9]{12}):assumed-role/([^/]+)/`)
})

// Principal is the ARN that policies belong to: of a session, its role.
func Principal(arn string) string {
	if m := assumed().FindStringSubmatch(arn); m != nil {
		return fmt.Sprintf("arn:%s:iam::%s:role/%s", m[1], m[2], m[3])
	}
	return arn
}

// endpoint is where IAM is: one for each partition, or where the environment says.
func endpoint(cfg client.Config) string {
	switch own := os.Getenv("AWS_ENDPOINT_URL_IAM"); {
	case own != "":
		return own
	case cfg.BaseEndpoint != nil:
		return *cfg.BaseEndpoint
	case strings.HasPrefix(cfg.Region, "cn-"):
		return "https://iam.cn-north-1.amazonaws.com.cn/"
	case strings.HasPrefix(cfg.Region, "us-gov-"):
		return "https://iam.us-gov.amazonaws.com/"
	}
	return "https://iam.amazonaws.com/"
}
