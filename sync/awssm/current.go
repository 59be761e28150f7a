package awssm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// ErrParameter says that a valueFrom names a parameter of Systems Manager.
var ErrParameter = errors.New("it is a parameter of Systems Manager")

// ValueError says that what a valueFrom names would not reach a container.
type ValueError struct{ Secret, Why string }

func (e *ValueError) Error() string { return fmt.Sprintf("secret %q %s", e.Secret, e.Why) }

// Usable looks whether what the valueFrom of a container's secret names has a
// value now, as ECS will read it when a task starts. The value itself is read only
// if a key in it is named. It fails with [ErrParameter] or a [*ValueError].
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
func (s *Store) Usable(ctx context.Context, valueFrom string) error {
	const inARN, suffixed = 7, 10 // arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME:KEY:STAGE:VERSION
	fields := strings.Split(valueFrom, ":")
	if len(fields) < inARN || fields[0] != "arn" || fields[2] != "secretsmanager" {
		return ErrParameter
	}
	id, region := strings.Join(fields[:inARN], ":"), fields[3]
	fields = append(fields, "", "", "")[:suffixed]
	key, stage, version := fields[inARN], fields[inARN+1], fields[inARN+2]
	in := func(o *sm.Options) { o.Region = region }
	described, err := s.client.DescribeSecret(ctx, &sm.DescribeSecretInput{SecretId: &id}, in)
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		return &ValueError{nameOf(id), "is not there"}
	case err != nil:
		return classify("DescribeSecret", nameOf(id), err)
	case described.DeletedDate != nil:
		return &ValueError{nameOf(id), "is scheduled for deletion"}
	}
	if why := lacks(described, stage, version); why != "" {
		return &ValueError{nameOf(id), why}
	}
	if key == "" {
		return nil
	}
	ask := &sm.GetSecretValueInput{SecretId: &id}
	if stage != "" {
		ask.VersionStage = &stage
	}
	if version != "" {
		ask.VersionId = &version
	}
	out, err := s.client.GetSecretValue(ctx, ask, in)
	if err != nil {
		return classify("GetSecretValue", nameOf(id), err)
	}
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &object) != nil {
		return &ValueError{nameOf(id), fmt.Sprintf("is no JSON object, and its key %q is asked for", key)}
	}
	if _, ok := object[key]; !ok {
		return &ValueError{nameOf(id), fmt.Sprintf("has no key %q", key)}
	}
	return nil
}

// lacks says what is not there of the version that is asked for.
func lacks(d *sm.DescribeSecretOutput, stage, version string) string {
	if version != "" {
		labels, ok := d.VersionIdsToStages[version]
		switch {
		case !ok:
			return fmt.Sprintf("has no version %s", version)
		case stage != "" && !slices.Contains(labels, stage):
			return fmt.Sprintf("has no label %s on version %s", stage, version)
		}
		return ""
	}
	if stage == "" {
		stage = labelCurrent
	}
	for _, labels := range d.VersionIdsToStages {
		if slices.Contains(labels, stage) {
			return ""
		}
	}
	if stage == labelCurrent {
		return "has no value yet"
	}
	return fmt.Sprintf("has no version with the label %s", stage)
}

// nameOf is the end of an ARN.
func nameOf(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }
