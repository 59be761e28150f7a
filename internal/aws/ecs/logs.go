package ecs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"hci/internal/aws/client"
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

// Logs hands out the lines that the containers of the service write, in the
// order in which they are found. It ends when all are read or, when it follows,
// with the context.
func (o *On) Logs(ctx context.Context, tail Tail, emit func(LogLine) error) error {
	s, err := o.find(ctx)
	if err != nil {
		return err
	}
	out, err := o.definition(ctx, s.TaskDefinition)
	if err != nil {
		return err
	}
	var streams []*stream
	for _, c := range out.TaskDefinition.ContainerDefinitions {
		if tail.Container != "" && tail.Container != c.Name {
			continue
		}
		one, err := newStream(o.cfg, c, tail.Since)
		if err != nil {
			return err
		}
		streams = append(streams, one)
	}
	if len(streams) == 0 {
		return &NotFoundError{What: fmt.Sprintf("container %q in task definition %s", tail.Container, name(s.TaskDefinition))}
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
	client           *client.Client
	container, group string
	prefix           string
	since            time.Time
	seen             map[string]bool // ids of events
}

func newStream(cfg client.Config, c wireContainer, since time.Time) (*stream, error) {
	if c.LogConfiguration == nil {
		return nil, &NoLogsError{c.Name, "none"}
	}
	if c.LogConfiguration.LogDriver != "awslogs" {
		return nil, &NoLogsError{c.Name, c.LogConfiguration.LogDriver}
	}
	options := c.LogConfiguration.Options
	if region := options["awslogs-region"]; region != "" {
		cfg.Region = region
	}
	return &stream{
		client: client.New(cfg, logsService), container: c.Name, group: options["awslogs-group"],
		prefix: options["awslogs-stream-prefix"] + "/" + c.Name + "/", since: since, seen: map[string]bool{},
	}, nil
}

// wireEvents is a page of log events.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
type wireEvents struct {
	Events []struct {
		EventID       string `json:"eventId"`
		LogStreamName string `json:"logStreamName"`
		Timestamp     int64  `json:"timestamp"` // in milliseconds
		Message       string `json:"message"`
	} `json:"events"`
	NextToken string `json:"nextToken"`
}

// read hands out what is new.
func (s *stream) read(ctx context.Context, emit func(LogLine) error) error {
	in := members{"logGroupName": s.group, "logStreamNamePrefix": s.prefix, "startTime": s.since.UnixMilli()}
	latest := s.since
	for {
		var out wireEvents
		err := s.client.Call(ctx, "FilterLogEvents", in, &out)
		var failed *client.Error
		switch {
		case errors.As(err, &failed) && failed.Code == "ResourceNotFoundException": // nothing was written yet
			return nil
		case err != nil:
			return fmt.Errorf("logs of container %q: %w", s.container, err)
		}
		for _, e := range out.Events {
			other := !strings.HasPrefix(e.LogStreamName, s.prefix) // an emulator may not look at it
			if other || s.seen[e.EventID] {
				continue
			}
			s.seen[e.EventID] = true
			at := time.UnixMilli(e.Timestamp)
			if at.After(latest) {
				latest = at
			}
			line := LogLine{At: at, Container: s.container, Task: strings.TrimPrefix(e.LogStreamName, s.prefix), Text: e.Message}
			if err := emit(line); err != nil {
				return err
			}
		}
		if out.NextToken == "" {
			if back := latest.Add(-overlap); back.After(s.since) {
				s.since = back
			}
			return nil
		}
		in["nextToken"] = out.NextToken
	}
}
