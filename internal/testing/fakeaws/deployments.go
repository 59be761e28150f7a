package fakeaws

import (
	"slices"
	"strings"
	"time"
)

// serviceDeployment is the ARN by which a deployment is stopped.
func (s *Server) serviceDeployment(d *deployment) string {
	return s.arn("service-deployment", s.o.Cluster+"/"+s.service.name+"/"+strings.TrimPrefix(d.id, "ecs-svc/"))
}

// listServiceDeployments lists what the service's deployments were, the latest
// first.
func (s *Server) listServiceDeployments(in object) (object, error) {
	if err := s.here(in); err != nil {
		return nil, err
	}
	if !s.about(str(in, "service")) {
		return nil, fail("ServiceNotFoundException", "Service not found.")
	}
	states := list(in, "status")
	all := []any{}
	for _, d := range slices.Backward(s.service.history) {
		state := map[string]string{inProgress: "IN_PROGRESS", completed: "SUCCESSFUL", failedOut: "ROLLBACK_SUCCESSFUL"}[d.rollout]
		if d.status != primary && d.rollout == inProgress {
			state = "STOPPED"
		}
		if len(states) == 0 || slices.Contains(states, state) {
			all = append(all, object{
				"serviceDeploymentArn": s.serviceDeployment(d), "status": state, "createdAt": seconds(d.created),
				"targetServiceRevisionArn": s.serviceRevision(d),
			})
		}
	}
	return object{"serviceDeployments": all}, nil
}

// serviceRevision is the ARN of what a deployment makes the service be.
func (s *Server) serviceRevision(d *deployment) string {
	return s.arn("service-revision", s.o.Cluster+"/"+s.service.name+"/"+strings.TrimPrefix(d.id, "ecs-svc/"))
}

func (s *Server) describeServiceRevisions(in object) (object, error) {
	found, failures := []any{}, []any{}
	for _, arn := range list(in, "serviceRevisionArns") {
		s.aboutARN(arn)
		at := slices.IndexFunc(s.service.history, func(d *deployment) bool { return s.serviceRevision(d) == arn })
		if at < 0 {
			failures = append(failures, object{"arn": arn, "reason": "MISSING"})
			continue
		}
		d := s.service.history[at]
		one := object{"serviceRevisionArn": arn, "taskDefinition": s.arn("task-definition", d.definition), "createdAt": seconds(d.created)}
		if len(d.images) > 0 {
			one["containerImages"] = d.images
		}
		found = append(found, one)
	}
	return object{"serviceRevisions": found, "failures": failures}, nil
}

func (s *Server) stopServiceDeployment(in object) (object, error) {
	id := str(in, "serviceDeploymentArn")
	s.aboutARN(id)
	for _, d := range s.service.deployments {
		if s.serviceDeployment(d) != id {
			continue
		}
		if d.rollout != inProgress || d.status != primary {
			return nil, fail("ConflictException", "The service deployment is not in progress.")
		}
		s.back(d, "Service deployment rolled back because of a StopServiceDeployment request.")
		return object{"serviceDeploymentArn": id}, nil
	}
	return nil, fail("ServiceDeploymentNotFoundException", "The service deployment was not found.")
}

// A bake time lasts so many ticks; the configuration says a minute, which is the least
// that AWS takes.
const (
	bakeTicks   = 40
	bakeMinutes = 1
)

// baking reports whether a deployment's bake time is not over.
func (s *Server) baking(d *deployment) bool {
	if s.o.Scenario != BlueGreen {
		return false
	}
	if d.bake.IsZero() {
		d.bake = time.Now()
		s.event("has shifted all traffic to deployment %s.", d.id)
	}
	return time.Since(d.bake) < bakeTicks*s.o.Tick
}

// describeServiceDeployments tells where in their life cycle deployments are.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html
func (s *Server) describeServiceDeployments(in object) (object, error) {
	found, failures := []any{}, []any{}
	for _, arn := range list(in, "serviceDeploymentArns") {
		s.aboutARN(arn)
		at := slices.IndexFunc(s.service.history, func(d *deployment) bool { return s.serviceDeployment(d) == arn })
		if at < 0 {
			failures = append(failures, object{"arn": arn, "reason": "MISSING"})
			continue
		}
		d := s.service.history[at]
		one := object{"serviceDeploymentArn": arn, "status": "IN_PROGRESS", "createdAt": seconds(d.created), "updatedAt": seconds(d.created)}
		switch {
		case s.o.Scenario != BlueGreen:
		case d.bake.IsZero():
			one["lifecycleStage"] = "SCALE_UP"
		default:
			one["lifecycleStage"], one["updatedAt"] = "BAKE_TIME", seconds(d.bake)
		}
		found = append(found, one)
	}
	return object{"serviceDeployments": found, "failures": failures}, nil
}

// back gives a deployment up and returns to the revision that ran before.
func (s *Server) back(d *deployment, reason string) {
	stable := s.service.stable
	d.rollout, d.reason = failedOut, reason
	s.event("%s", reason)
	s.start(stable)
}
