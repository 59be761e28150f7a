package deploy

import (
	"fmt"
	"slices"
	"strings"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/words"
)

// Shell is where a command is to run by ECS Exec.
type Shell struct {
	Service, Env    string
	On              bool           // ECS Exec is on for the service
	Tasks           []ecs.ExecTask // that run, the newest first
	Task, Container string         // that the user named; "" chooses
	Default         string         // container whose image is deployed; "" if that is not known
}

// ShellError says why ECS Exec reaches no container, and what to do about it.
type ShellError struct{ Text, Todo string }

func (e *ShellError) Error() string { return e.Text }

// Next says what to do.
func (e *ShellError) Next() string { return e.Todo }

// Choose is the newest task whose container ECS Exec reaches. It fails with a
// [*ShellError].
func (s Shell) Choose() (*ecs.ExecTask, *ecs.ExecContainer, error) {
	tasks := slices.DeleteFunc(slices.Clone(s.Tasks), func(t ecs.ExecTask) bool { return !strings.HasPrefix(t.ID, s.Task) })
	restart := fmt.Sprintf("'hci deploy update %s --restart' starts its tasks again", s.Env)
	switch {
	case len(s.Tasks) == 0:
		return nil, nil, &ShellError{fmt.Sprintf("no task of service %s runs", s.Service), fmt.Sprintf("'hci deploy status %s' shows how it stands", s.Env)}
	case len(tasks) == 0:
		return nil, nil, &ShellError{fmt.Sprintf("no task of service %s that runs has the id %s", s.Service, s.Task), "these run: " + s.ids()}
	case !s.On && !slices.ContainsFunc(tasks, func(t ecs.ExecTask) bool { return t.Enabled }):
		return nil, nil, &ShellError{
			fmt.Sprintf("ECS Exec is off for service %s", s.Service),
			fmt.Sprintf("enable_execute_command = true in its aws_ecs_service, and the permissions of ssmmessages in the task role; then 'hci tf %s apply', and %s", s.Env, restart),
		}
	}
	var why []string
	for i := range tasks {
		t := &tasks[i]
		container, err := s.containerOf(t)
		switch {
		case err != nil:
			return nil, nil, err
		case !t.Enabled:
			why = append(why, fmt.Sprintf("task %.8s was started when ECS Exec was off", t.ID))
		case container.Agent == "RUNNING":
			return t, container, nil
		default:
			why = append(why, fmt.Sprintf("the agent of ECS Exec in task %.8s is %s", t.ID, agentWords(*container)))
		}
	}
	todo := restart
	if slices.ContainsFunc(tasks, func(t ecs.ExecTask) bool { return t.Enabled }) {
		todo = "a task that has just started needs a minute for it; else look at the ssmmessages permissions of the task role, at the task's way to AWS, and whether the container's file system can be written to"
	}
	return nil, nil, &ShellError{fmt.Sprintf("ECS Exec reaches no task of service %s: %s", s.Service, words.Some(why)), todo}
}

func agentWords(c ecs.ExecContainer) string {
	switch {
	case c.Agent == "":
		return "not there"
	case c.Reason != "":
		return strings.ToLower(c.Agent) + ": " + c.Reason
	}
	return strings.ToLower(c.Agent)
}

func (s Shell) ids() string {
	var all []string
	for _, t := range s.Tasks {
		all = append(all, fmt.Sprintf("%.8s", t.ID))
	}
	return strings.Join(all, ", ")
}

// containerOf is the container that is meant: the named one, the one whose image is
// deployed, or the only one.
func (s Shell) containerOf(t *ecs.ExecTask) (*ecs.ExecContainer, error) {
	var names []string
	for _, c := range t.Containers {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	if s.Container != "" {
		if c := t.Container(s.Container); c != nil {
			return c, nil
		}
		return nil, &ShellError{fmt.Sprintf("%s has no container %q", t.Revision, s.Container), "it has " + strings.Join(names, ", ")}
	}
	if c := t.Container(s.Default); c != nil {
		return c, nil
	}
	if len(names) == 1 {
		return &t.Containers[0], nil
	}
	return nil, &ShellError{fmt.Sprintf("%s has several containers, or none that is known: %s", t.Revision, strings.Join(names, ", ")), "name one: --container NAME"}
}
