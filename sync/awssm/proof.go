package awssm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"hci/sync/awssm/reach"
)

// errUnproven is an answer with HTTP status 200 that doesn't say what AWS says
// when it has carried a request out: an empty body, {}, another secret. A
// gateway or a proxy between here and AWS may answer so.
var errUnproven = fmt.Errorf("the answer names neither the secret nor the version that was asked for: %w", reach.ErrPage)

// unprovenAttempts of a request are answered without a proof before it is given
// up, and looked at what became of it.
const unprovenAttempts = 5

// proven reports whether an answer is one to the request: it names the secret
// and the version that were asked for.
//
//hci:long one case for each operation
func proven(in, out any) bool {
	switch out := out.(type) {
	case *sm.GetSecretValueOutput:
		in, ok := in.(*sm.GetSecretValueInput)
		return ok && names(in.SecretId, out.Name, out.ARN) && provenValue(in, out)
	case *sm.BatchGetSecretValueOutput:
		return len(out.SecretValues)+len(out.Errors) > 0 || aws.ToString(out.NextToken) != ""
	case *sm.DescribeSecretOutput:
		in, ok := in.(*sm.DescribeSecretInput)
		return ok && names(in.SecretId, out.Name, out.ARN)
	case *sm.ListSecretsOutput:
		return out.SecretList != nil
	case *sm.ListSecretVersionIdsOutput:
		in, ok := in.(*sm.ListSecretVersionIdsInput)
		return ok && names(in.SecretId, out.Name, out.ARN)
	case *sm.CreateSecretOutput:
		in, ok := in.(*sm.CreateSecretInput)
		return ok && names(in.Name, out.Name, out.ARN) && aws.ToString(out.VersionId) == aws.ToString(in.ClientRequestToken)
	case *sm.PutSecretValueOutput:
		in, ok := in.(*sm.PutSecretValueInput)
		return ok && names(in.SecretId, out.Name, out.ARN) && aws.ToString(out.VersionId) == aws.ToString(in.ClientRequestToken)
	case *sm.UpdateSecretVersionStageOutput:
		in, ok := in.(*sm.UpdateSecretVersionStageInput)
		return ok && names(in.SecretId, out.Name, out.ARN)
	case *sm.RestoreSecretOutput:
		in, ok := in.(*sm.RestoreSecretInput)
		return ok && names(in.SecretId, out.Name, out.ARN)
	case *sm.DeleteSecretOutput:
		in, ok := in.(*sm.DeleteSecretInput)
		return ok && names(in.SecretId, out.Name, out.ARN) && out.DeletionDate != nil
	case *sm.GetResourcePolicyOutput:
		in, ok := in.(*sm.GetResourcePolicyInput)
		return ok && names(in.SecretId, out.Name, out.ARN)
	}
	return false
}

// provenValue reports whether an answer holds a value of the version that was
// asked for.
func provenValue(in *sm.GetSecretValueInput, out *sm.GetSecretValueOutput) bool {
	version, stage := aws.ToString(in.VersionId), aws.ToString(in.VersionStage)
	return (out.SecretString != nil || out.SecretBinary != nil) && aws.ToString(out.VersionId) != "" &&
		(version == "" || version == aws.ToString(out.VersionId)) &&
		(stage == "" || slices.Contains(out.VersionStages, stage))
}

// names reports whether an answer's name and ARN are those of the secret that a
// name, an ARN, or an ARN without the characters that AWS adds, stands for.
func names(id, name, arn *string) bool {
	if strings.HasPrefix(aws.ToString(id), "arn:") {
		return aws.ToString(arn) == *id || strings.HasPrefix(aws.ToString(arn), *id+"-")
	}
	return aws.ToString(arn) != "" && aws.ToString(name) == aws.ToString(id)
}

// errTokenRepeats is a list that would go on for ever.
var errTokenRepeats = errors.New("AWS answered the same NextToken twice, so the list would never end")

// pages tells a list that goes round in circles.
type pages struct{ seen map[string]bool }

// next reports whether there is another page.
func (p *pages) next(token *string) (bool, error) {
	t := aws.ToString(token)
	if t == "" {
		return false, nil
	}
	if p.seen[t] {
		return false, errTokenRepeats
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.seen[t] = true
	return true, nil
}
