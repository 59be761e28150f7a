package ecs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// LogLine is a line that a container wrote.
type LogLine struct {
	At        time.Time
	Container string
	Task      string // its id
	Text      string
}

// NoLogsError says that a container's output does not go to CloudWatch Logs.
type NoLogsError struct{ Container, Driver string }

func (e *NoLogsError) Error() string {
	return fmt.Sprintf("the output of container %q does not go to CloudWatch Logs: its log driver is %q", e.Container, e.Driver)
}

// Tail is what [Logs] reads.
type Tail struct {
	Container string    // "" for all
	Since     time.Time // older lines are left out
	Follow    bool      // wait for more until the context ends
}

// followEvery is how often more is asked for. FilterLogEvents allows five calls a
// second in an account and region.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const followEvery = 2 * time.Second

// overlap is how far back each question goes: events may arrive late.
const overlap = 30 * time.Second

// Logs hands out the lines that the containers of a service write, in the order
// in which they are found. It ends when all are read or, when it follows, with
// the context.
func Logs(ctx context.Context, cfg aws.Config, cluster, service string, tail Tail, emit func(LogLine) error) error {
	client := sdk.NewFromConfig(cfg)
	s, err := find(ctx, client, cluster, service)
	if err != nil {
		return err
	}
	out, err := client.DescribeTaskDefinition(ctx, &sdk.DescribeTaskDefinitionInput{TaskDefinition: s.TaskDefinition})
	if err != nil {
		return fmt.Errorf("task definition %s: %w", name(aws.ToString(s.TaskDefinition)), err)
	}
	var streams []*stream
	for _, c := range out.TaskDefinition.ContainerDefinitions {
		if tail.Container != "" && tail.Container != aws.ToString(c.Name) {
			continue
		}
		one, err := newStream(cfg, c, tail.Since)
		if err != nil {
			return err
		}
		streams = append(streams, one)
	}
	if len(streams) == 0 {
		return &NotFoundError{What: fmt.Sprintf("container %q in task definition %s", tail.Container, name(aws.ToString(s.TaskDefinition)))}
	}
	for {
		for _, one := range streams {
			if err := one.read(ctx, emit); err != nil {
				return err
			}
		}
		if !tail.Follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(followEvery):
		}
	}
}

// stream is a container's output: the log streams whose names begin with
// prefix/container/, one for each task.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
type stream struct {
	client           *logs.Client
	container, group string
	prefix           string
	since            time.Time
	seen             map[string]bool // ids of events
}

func newStream(cfg aws.Config, c types.ContainerDefinition, since time.Time) (*stream, error) {
	container := aws.ToString(c.Name)
	if c.LogConfiguration == nil || c.LogConfiguration.LogDriver != types.LogDriverAwslogs {
		driver := "none"
		if c.LogConfiguration != nil {
			driver = string(c.LogConfiguration.LogDriver)
		}
		return nil, &NoLogsError{container, driver}
	}
	options := c.LogConfiguration.Options
	if region := options["awslogs-region"]; region != "" {
		cfg.Region = region
	}
	return &stream{
		client: logs.NewFromConfig(cfg), container: container, group: options["awslogs-group"],
		prefix: options["awslogs-stream-prefix"] + "/" + container + "/", since: since, seen: map[string]bool{},
	}, nil
}

// read hands out what is new.
func (s *stream) read(ctx context.Context, emit func(LogLine) error) error {
	in := &logs.FilterLogEventsInput{
		LogGroupName: &s.group, LogStreamNamePrefix: &s.prefix, StartTime: aws.Int64(s.since.UnixMilli()),
	}
	latest := s.since
	for {
		out, err := s.client.FilterLogEvents(ctx, in)
		var missing *logtypes.ResourceNotFoundException
		switch {
		case errors.As(err, &missing): // nothing was written yet
			return nil
		case err != nil:
			return fmt.Errorf("logs of container %q: %w", s.container, err)
		}
		for _, e := range out.Events {
			at := time.UnixMilli(aws.ToInt64(e.Timestamp))
			other := !strings.HasPrefix(aws.ToString(e.LogStreamName), s.prefix) // an emulator may not look at it
			if other || s.seen[aws.ToString(e.EventId)] {
				continue
			}
			s.seen[aws.ToString(e.EventId)] = true
			if at.After(latest) {
				latest = at
			}
			line := LogLine{At: at, Container: s.container, Task: strings.TrimPrefix(aws.ToString(e.LogStreamName), s.prefix), Text: aws.ToString(e.Message)}
			if err := emit(line); err != nil {
				return err
			}
		}
		if aws.ToString(out.NextToken) == "" {
			if back := latest.Add(-overlap); back.After(s.since) {
				s.since = back
			}
			return nil
		}
		in.NextToken = out.NextToken
	}
}
