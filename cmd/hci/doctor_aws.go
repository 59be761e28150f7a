package main

import (
	"fmt"
	"strings"

	"hci/internal/aws/client"
	"hci/internal/aws/iam"
	"hci/internal/compare"
	"hci/internal/doctor"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/terraform"
	"hci/sync"
	"hci/sync/awssm"
	"hci/tfvars/module"
)

// places looks at each place that an environment's secrets are in: who the
// credentials are for, and what they may do. Without the secrets, at that of the
// default provider.
func (d *diagnosis) places(env project.Environment, content *sealed.Content) {
	if content != nil && env.TerraformDir != "" {
		s := d.comparing()
		s.Note = func(string) {}
		if desired, err := s.Desired(env, content, compare.Options{}); err == nil && len(desired.Wants) > 0 {
			d.desiredPlaces(env, s, desired)
			return
		}
	}
	o := awssm.Options{Region: env.Region, Profile: env.Profile}
	_, ev, err := terraform.Evaluate(d.found, env, nil, d.environ, terraform.Options{})
	if err == nil {
		if o.Region == "" {
			o.Region = ev.Provider.Region
		}
		if o.Profile == "" {
			o.Profile = ev.Provider.Profile
		}
	}
	cfg, err := awssm.LoadConfig(d.ctx, o)
	if err != nil {
		d.noAWS(env, err)
		return
	}
	id, err := client.WhoAmI(d.ctx, cfg)
	if err != nil {
		d.noAWS(env, err)
		return
	}
	d.report.Add("aws", doctor.OK, fmt.Sprintf("%s: account %s, region %s, as %s", env.Name, id.Account, cfg.Region, id.ARN), "")
	d.deployPermissions(env, ev, cfg, id)
}

func (d *diagnosis) noAWS(env project.Environment, err error) {
	d.report.Add("aws", doctor.Warning, env.Name+": "+err.Error(), strings.Join(d.hints(err), "; "))
}

func (d *diagnosis) desiredPlaces(env project.Environment, s compare.Session, desired *compare.Desired) {
	if err := s.Find(d.ctx, desired); err != nil {
		d.noAWS(env, err)
		return
	}
	first := true
	for _, t := range desired.Targets() {
		var wants []sync.Want
		for _, w := range desired.Wants {
			if desired.At(w.Place) == t && w.Name != "" {
				wants = append(wants, w)
			}
		}
		id, err := client.WhoAmI(d.ctx, t.Config)
		if err != nil {
			d.noAWS(env, err)
			continue
		}
		d.report.Add("aws", doctor.OK, fmt.Sprintf("%s: account %s, region %s, as %s: %s", env.Name, id.Account, t.Region, id.ARN, plural(len(wants), "secret")), "")
		if len(wants) > 0 {
			d.secretPermissions(env, desired, t, id, wants[0])
		}
		if first {
			d.deployPermissions(env, desired.Evaluated, t.Config, id)
		}
		first = false
	}
}

// What hci asks of AWS, see docs/iam.md.
var (
	secretActions    = []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"}
	listActions      = []string{"secretsmanager:BatchGetSecretValue", "secretsmanager:ListSecrets"}
	parameterActions = []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:PutParameter"}
	deployActions    = []string{"ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition", "ecs:RunTask", "ecs:UpdateService", "ecr:GetAuthorizationToken"}
)

// secretPermissions asks IAM about the first secret of a place; where IAM may not
// be asked, the secret is read.
func (d *diagnosis) secretPermissions(env project.Environment, desired *compare.Desired, t *compare.Target, id client.Identity, w sync.Want) {
	partition := "aws"
	if parts := strings.SplitN(id.ARN, ":", 3); len(parts) == 3 {
		partition = parts[1]
	}
	questions := []iam.Question{
		{Resource: fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:%s-AbCdEf", partition, t.Region, id.Account, w.Name), Actions: secretActions},
		{Resource: "*", Actions: listActions},
	}
	if t.Parameters {
		questions = []iam.Question{
			{Resource: fmt.Sprintf("arn:%s:ssm:%s:%s:parameter/%s", partition, t.Region, id.Account, strings.TrimPrefix(w.Name, "/")), Actions: parameterActions},
			{Resource: "*", Actions: []string{"ssm:DescribeParameters"}},
		}
	}
	if d.simulate(env, t.Config, id, "secrets", questions...) {
		return
	}
	held, err := desired.ReadOf(d.ctx, []sync.Want{w})
	if err == nil && len(held) > 0 {
		err = held[0].Err
	}
	if err != nil {
		d.report.Add("permissions", doctor.Problem, fmt.Sprintf("%s: %s can't be read: %v", env.Name, w.Name, err), "docs/iam.md has the policy; ask who administers the account")
		return
	}
	what := "can be read"
	if len(held) == 0 || !held[0].HasValue {
		what = "may be read, and has no value"
	}
	d.report.Add("permissions", doctor.OK, fmt.Sprintf("%s: %s %s; what else is allowed is not known, since IAM may not be asked (iam:SimulatePrincipalPolicy)", env.Name, w.Name, what), "")
}

// deployPermissions asks IAM whether the environment may be deployed, where the
// code has a service.
func (d *diagnosis) deployPermissions(env project.Environment, ev *module.Evaluated, cfg client.Config, id client.Identity) {
	if ev == nil || len(ev.Services) == 0 {
		return
	}
	d.simulate(env, cfg, id, "deploying", iam.Question{Resource: "*", Actions: deployActions})
}

// simulate asks IAM what is denied. It returns false where IAM may not be asked.
func (d *diagnosis) simulate(env project.Environment, cfg client.Config, id client.Identity, what string, questions ...iam.Question) bool {
	var denied []string
	for _, q := range questions {
		no, err := iam.Denied(d.ctx, cfg, id, q)
		if err != nil {
			return false
		}
		denied = append(denied, no...)
	}
	if len(denied) > 0 {
		d.report.Add("permissions", doctor.Problem, fmt.Sprintf("%s, %s: IAM does not allow %s", env.Name, what, strings.Join(denied, ", ")), "docs/iam.md has the policy; ask who administers the account")
	} else {
		d.report.Add("permissions", doctor.OK, fmt.Sprintf("%s, %s: IAM allows what hci needs", env.Name, what), "")
	}
	return true
}
