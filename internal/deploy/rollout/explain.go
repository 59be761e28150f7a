package rollout

import (
	"fmt"
	"strings"
	"time"
)

// Unclear reports that it may have been ECS or somebody else who rolled it back. Only
// ECS speaks of what it watches.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
func (r Result) Unclear() bool {
	return r.End == RolledBack && !r.ByHand &&
		(r.Own == nil || !strings.Contains(r.Own.Reason, "circuit breaker") && !strings.Contains(r.Own.Reason, "alarm"))
}

// Explain says what a result means, in lines: what happened, why, and what runs
// now.
func (r Result) Explain() []string {
	lines := r.happened()
	if r.End == Deployed {
		return lines
	}
	for i, t := range r.Stopped {
		if i >= ShownStops {
			break
		}
		lines = append(lines, fmt.Sprintf("task %.8s stopped: %s", t.ID, t.Cause()))
		for _, line := range t.Last {
			lines = append(lines, "  | "+line)
		}
	}
	if r.Service == nil || r.End == Gone {
		return lines
	}
	if p := r.Service.Primary(); p != nil {
		now := "is the service's deployment now"
		if r.End == Lost {
			now = "was the service's deployment when AWS last answered"
		}
		lines = append(lines, fmt.Sprintf("%s %s: %d of %d tasks run", p.Revision, now, p.Running, p.Desired))
	}
	return lines
}

// happened is what happened, and what AWS says of it.
func (r Result) happened() []string {
	say := func(format string, args ...any) []string { return []string{fmt.Sprintf(format, args...)} }
	switch r.End {
	case UnderWay:
		return say("it is under way")
	case Deployed:
		nothing := ""
		if r.Own.Desired == 0 {
			nothing = ", so that nothing serves"
		}
		return say("%s is what runs: %d of %d tasks%s", r.Own.Revision, r.Own.Running, r.Own.Desired, nothing)
	case RolledBack:
		return r.wentBack()
	case Failed:
		if r.Own == nil {
			return nil
		}
		return say("ECS gave it up: %s", r.Own.Reason)
	case Superseded:
		if r.same() {
			return say("another deployment of the same revision took its place: somebody else's, or one by which ECS rolled it back")
		}
		return say("another deployment took its place")
	case CrashLoop:
		return say("its tasks stop again and again")
	case Gone:
		return say("the service is not there any more")
	case Stopped:
		return say("ECS was told to stop it, and goes back to %s", r.Before)
	case Stuck:
		return r.stuck()
	case Lost:
		return say("AWS can't be asked any more: %v", r.Err)
	}
	return say("it is still under way")
}

func (r Result) wentBack() []string {
	switch {
	case r.ByHand:
		return []string{"it was rolled back"}
	case !r.Unclear():
		return []string{"ECS rolled it back: " + r.Own.Reason}
	case r.Own == nil:
		return []string{"it was rolled back, by ECS or by somebody else"}
	}
	return []string{"it was rolled back, by ECS or by somebody else", "ECS says: " + r.Own.Reason}
}

func (r Result) stuck() []string {
	lines := []string{fmt.Sprintf("it is still under way, and nothing has moved for %v", r.Still.Round(time.Second))}
	if r.Service != nil && len(r.Service.Events) > 0 {
		lines = append(lines, "ECS says: "+r.Service.Events[0].Message)
	}
	return lines
}
