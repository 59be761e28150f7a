package deploy

import (
	"strings"
	"testing"

	"hci/internal/aws/ecs"
)

// TestShellChoose: the newest task that ECS Exec reaches, and why none is.
func TestShellChoose(t *testing.T) {
	task := func(id string, enabled bool, agents ...string) ecs.ExecTask {
		one := ecs.ExecTask{ID: id, Revision: "web:7", Enabled: enabled}
		for i, agent := range agents {
			one.Containers = append(one.Containers, ecs.ExecContainer{Name: []string{"web", "proxy"}[i], Agent: agent})
		}
		return one
	}
	for _, c := range []struct {
		name        string
		shell       Shell
		task, where string
		err, next   string
	}{
		{name: "the newest", shell: Shell{On: true, Tasks: []ecs.ExecTask{task("bb", true, "RUNNING"), task("aa", true, "RUNNING")}}, task: "bb", where: "web"},
		{name: "the newest starts", shell: Shell{On: true, Tasks: []ecs.ExecTask{task("bb", true, "PENDING"), task("aa", true, "RUNNING")}}, task: "aa", where: "web"},
		{name: "the named task", shell: Shell{On: true, Task: "a", Tasks: []ecs.ExecTask{task("bb", true, "RUNNING"), task("aa", true, "RUNNING")}}, task: "aa", where: "web"},
		{name: "the deployed container", shell: Shell{On: true, Default: "proxy", Tasks: []ecs.ExecTask{task("aa", true, "RUNNING", "RUNNING")}}, task: "aa", where: "proxy"},
		{name: "several containers", shell: Shell{On: true, Tasks: []ecs.ExecTask{task("aa", true, "RUNNING", "RUNNING")}}, err: "several containers, or none that is known: proxy, web", next: "--container"},
		{name: "switched off since", shell: Shell{Tasks: []ecs.ExecTask{task("aa", true, "RUNNING")}}, task: "aa", where: "web"},
		{name: "switched on since", shell: Shell{On: true, Tasks: []ecs.ExecTask{task("aa", false, "")}}, err: "task aa was started when ECS Exec was off", next: "--restart"},
		{name: "nothing runs", shell: Shell{On: true}, err: "no task of service", next: "deploy status"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, container, err := c.shell.Choose()
			if c.err == "" {
				if err != nil || got.ID != c.task || container.Name != c.where {
					t.Errorf("%v, %v, %v, want %s in %s", got, container, err, c.where, c.task)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.(interface{ Next() string }).Next(), c.next) {
				t.Errorf("%v, want %q, then %q", err, c.err, c.next)
			}
		})
	}
}
