package fakeaws

import (
	"slices"
	"strings"
)

// serviceDeployment is the ARN by which a deployment is stopped.
func (s *Server) serviceDeployment(d *deployment) string {
	return s.arn("service-deployment", s.o.Cluster+"/"+s.o.Service+"/"+strings.TrimPrefix(d.id, "ecs-svc/"))
}

// listServiceDeployments lists what the service's deployments were, the latest
// first.
func (s *Server) listServiceDeployments(in object) (object, error) {
	if err := s.here(in); err != nil {
		return nil, err
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
	return s.arn("service-revision", s.o.Cluster+"/"+s.o.Service+"/"+strings.TrimPrefix(d.id, "ecs-svc/"))
}

func (s *Server) describeServiceRevisions(in object) (object, error) {
	found, failures := []any{}, []any{}
	for _, arn := range list(in, "serviceRevisionArns") {
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

// back gives a deployment up and returns to the revision that ran before.
func (s *Server) back(d *deployment, reason string) {
	stable := s.service.stable
	d.rollout, d.reason = failedOut, reason
	s.event("%s", reason)
	s.start(stable)
}
