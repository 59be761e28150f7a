// Package ecs looks at what runs on AWS ECS, and makes a service run another
// revision.
package ecs

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
)

// Config is the SDK's configuration: account, region, credentials.
type Config = aws.Config

// NotFoundError says that a service, or a container in its task definition, is
// not there.
type NotFoundError struct{ What string }

func (e *NotFoundError) Error() string { return e.What + " is not there" }

// Environment returns the plain environment of a container as the task
// definition has it that a service runs now. Errors hold no values.
func Environment(ctx context.Context, cfg aws.Config, cluster, service, container string) (map[string]string, error) {
	client := sdk.NewFromConfig(cfg)
	s, err := find(ctx, client, cluster, service)
	if err != nil {
		return nil, err
	}
	task, err := client.DescribeTaskDefinition(ctx, &sdk.DescribeTaskDefinitionInput{TaskDefinition: s.TaskDefinition})
	if err != nil {
		return nil, fmt.Errorf("task definition %s: %w", name(*s.TaskDefinition), err)
	}
	for _, c := range task.TaskDefinition.ContainerDefinitions {
		if aws.ToString(c.Name) != container {
			continue
		}
		env := make(map[string]string, len(c.Environment))
		for _, kv := range c.Environment {
			env[aws.ToString(kv.Name)] = aws.ToString(kv.Value)
		}
		return env, nil
	}
	return nil, &NotFoundError{What: fmt.Sprintf("container %q in task definition %s", container, name(*s.TaskDefinition))}
}

// name is the last part of an ARN: family and revision.
func name(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
