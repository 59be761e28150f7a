package ecs

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"
)

// Strategy is how a service's deployments replace its tasks, where that is no rolling
// update.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html
type Strategy struct {
	Name  string        `json:"name"` // BLUE_GREEN, LINEAR, CANARY
	Bake  time.Duration `json:"bake"` // after all traffic goes to the new tasks
	Shift time.Duration `json:"shift"`
}

// rolling is ECS's name for rolling updates.
const rolling = "ROLLING"

// strategy is nil for rolling updates.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
func (s *wireService) strategy() *Strategy {
	c := s.Configuration
	if c.Strategy == "" || c.Strategy == rolling {
		return nil
	}
	out := &Strategy{Name: c.Strategy, Bake: time.Duration(c.Bake) * time.Minute}
	switch {
	case c.Linear.Percent > 0:
		out.Shift = time.Duration(math.Ceil(100/c.Linear.Percent)) * time.Duration(c.Linear.Bake) * time.Minute
	case c.Canary.Bake > 0:
		out.Shift = time.Duration(c.Canary.Bake) * time.Minute
	}
	return out
}

// String is the strategy in ECS's words: "blue/green".
func (s Strategy) String() string {
	if s.Name == "BLUE_GREEN" {
		return "blue/green"
	}
	return strings.ToLower(s.Name)
}

// Stage is where in its life cycle a deployment is.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
type Stage struct {
	Status  string     `json:"status"` // IN_PROGRESS, ROLLBACK_IN_PROGRESS …
	Name    string     `json:"name"`   // SCALE_UP, BAKE_TIME …
	Updated *time.Time `json:"updated,omitempty"`
	Until   *time.Time `json:"until,omitempty"` // when it ends, where whoever watches knows that
}

// String says where it is, and until when: "bake time until 14:05 UTC".
func (s Stage) String() string {
	text := strings.ToLower(strings.ReplaceAll(s.Name, "_", " "))
	if s.Name == "" {
		text = strings.ToLower(strings.ReplaceAll(s.Status, "_", " "))
	}
	if s.Until != nil {
		text += " until " + s.Until.UTC().Format("15:04 UTC")
	}
	return text
}

// Stages of a deployment that take a time which the service's configuration tells.
const (
	ShiftStage = "PRODUCTION_TRAFFIC_SHIFT"
	BakeStage  = "BAKE_TIME"
)

// Stage returns where the deployment is that makes the service run a revision; nil if
// ECS tells of none that is under way.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html
func (o *On) Stage(ctx context.Context, revision string) (*Stage, error) {
	list, err := o.serviceDeployments(ctx, "PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
	if err != nil || len(list) == 0 {
		return nil, err
	}
	runs, err := o.targets(ctx, list)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if runs[d.Target].Revision != revision {
			continue
		}
		var out struct {
			Deployments []wireStage `json:"serviceDeployments"`
		}
		if err := o.client.Call(ctx, "DescribeServiceDeployments", members{"serviceDeploymentArns": []string{d.ARN}}, &out); err != nil {
			return nil, fmt.Errorf("deployments of service %q: %w", o.Service, err)
		}
		for _, one := range out.Deployments {
			return &Stage{Status: one.Status, Name: one.Stage, Updated: one.UpdatedAt.Time()}, nil
		}
	}
	return nil, nil
}
