package localsm_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/sync/localsm"
)

// TestSettings: what Terraform's provider sets and asks for comes back.
func TestSettings(t *testing.T) {
	_, c := start(t, localsm.Options{Region: "eu-central-1"})
	id := aws.String("s")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: id, AddReplicaRegions: []types.ReplicaRegionType{{Region: aws.String("eu-west-1")}}})
	check(err)
	policy, err := c.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: id})
	check(err)
	if policy.ResourcePolicy != nil || aws.ToString(policy.Name) != "s" {
		t.Errorf("%+v", policy)
	}
	_, err = c.PutResourcePolicy(ctx, &secretsmanager.PutResourcePolicyInput{SecretId: id, ResourcePolicy: aws.String("no JSON")})
	wantError[*types.MalformedPolicyDocumentException](t, err, "This resource policy contains invalid Json syntax.")
	text := `{"Version":"2012-10-17","Statement":[]}`
	valid, err := c.ValidateResourcePolicy(ctx, &secretsmanager.ValidateResourcePolicyInput{ResourcePolicy: &text})
	check(err)
	if !valid.PolicyValidationPassed {
		t.Error("not valid")
	}
	_, err = c.PutResourcePolicy(ctx, &secretsmanager.PutResourcePolicyInput{SecretId: id, ResourcePolicy: &text})
	check(err)
	policy, err = c.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: id})
	check(err)
	if aws.ToString(policy.ResourcePolicy) != text {
		t.Errorf("%+v", policy)
	}
	_, err = c.RotateSecret(ctx, &secretsmanager.RotateSecretInput{SecretId: id})
	wantError[*types.InvalidRequestException](t, err, "No Lambda rotation function ARN is associated with this secret.")
	lambda := "arn:aws:lambda:eu-central-1:000000000000:function:rot"
	_, err = c.RotateSecret(ctx, &secretsmanager.RotateSecretInput{SecretId: id, RotationLambdaARN: &lambda, RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)}})
	check(err)
	d, err := c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id})
	check(err)
	if !aws.ToBool(d.RotationEnabled) || aws.ToString(d.RotationLambdaARN) != lambda || aws.ToInt64(d.RotationRules.AutomaticallyAfterDays) != 30 ||
		aws.ToString(d.PrimaryRegion) != "eu-central-1" || len(d.ReplicationStatus) != 1 || aws.ToString(d.ReplicationStatus[0].Region) != "eu-west-1" {
		t.Errorf("%+v", d)
	}
	_, err = c.CancelRotateSecret(ctx, &secretsmanager.CancelRotateSecretInput{SecretId: id})
	check(err)
	_, err = c.RemoveRegionsFromReplication(ctx, &secretsmanager.RemoveRegionsFromReplicationInput{SecretId: id, RemoveReplicaRegions: []string{"eu-west-1"}})
	check(err)
	if d, err = c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id}); err != nil || aws.ToBool(d.RotationEnabled) || len(d.ReplicationStatus) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = c.StopReplicationToReplica(ctx, &secretsmanager.StopReplicationToReplicaInput{SecretId: id})
	wantError[*types.InvalidRequestException](t, err, "Operation not permitted on a primary secret. Call must be made in replica region.")
}
