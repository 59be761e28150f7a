// Package ecs looks at what runs on AWS ECS, and makes a service run another
// revision.
package ecs

import (
	"context"
	"fmt"
	"strings"

	"hci/internal/aws/client"
)

var (
	service     = client.Service{Host: "ecs", Name: "ecs", Target: "AmazonEC2ContainerServiceV20141113", Env: "AWS_ENDPOINT_URL_ECS"}
	logsService = client.Service{Host: "logs", Name: "logs", Target: "Logs_20140328", Env: "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"}
	ssmService  = client.Service{Host: "ssm", Name: "ssm", Target: "AmazonSSM", Env: "AWS_ENDPOINT_URL_SSM"}
	ecrService  = client.Service{Host: "api.ecr", Name: "ecr", Target: "AmazonEC2ContainerRegistry_V20150921", Env: "AWS_ENDPOINT_URL_ECR"}
)

// NotFoundError says that a service, or a container in its task definition, is
// not there.
type NotFoundError struct{ What string }

func (e *NotFoundError) Error() string { return e.What + " is not there" }

// Environment returns the plain environment of a container as the task
// definition has it that the service runs now. Errors hold no values.
func (o *On) Environment(ctx context.Context, container string) (map[string]string, error) {
	s, err := o.find(ctx)
	if err != nil {
		return nil, err
	}
	task, err := o.definition(ctx, s.TaskDefinition)
	if err != nil {
		return nil, err
	}
	for _, c := range task.TaskDefinition.ContainerDefinitions {
		if c.Name != container {
			continue
		}
		env := make(map[string]string, len(c.Environment))
		for _, kv := range c.Environment {
			env[kv.Name] = kv.Value
		}
		return env, nil
	}
	return nil, &NotFoundError{What: fmt.Sprintf("container %q in task definition %s", container, name(s.TaskDefinition))}
}

// name is the last part of an ARN: family and revision.
func name(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
