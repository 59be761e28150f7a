package fakeaws

import (
	"slices"
)

// execable adds to a task how ECS Exec reaches its containers.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedAgent.html
func (s *Server) execable(t *task, o object) {
	if s.o.Exec == "" {
		return
	}
	o["enableExecuteCommand"] = true
	containers := []any{}
	if d := s.find(t.definition); d != nil {
		for _, c := range objects(d.raw, "containerDefinitions") {
			containers = append(containers, object{
				"name": str(c, "name"), "lastStatus": t.status, "runtimeId": t.id + "-0000000001",
				"managedAgents": []any{object{"name": "ExecuteCommandAgent", "lastStatus": s.o.Exec}},
			})
		}
	}
	o["containers"] = containers
}

// executeCommand opens a session, which leads nowhere.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExecuteCommand.html
func (s *Server) executeCommand(in object) (object, error) {
	if err := s.here(in); err != nil {
		return nil, err
	}
	at := slices.IndexFunc(s.all, func(t *task) bool { return t.id == last(str(in, "task")) && t.status == running })
	switch {
	case at < 0:
		return nil, fail("InvalidParameterException", "The task is not running.")
	case s.o.Exec != "RUNNING":
		return nil, fail("InvalidParameterException", "The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running.")
	case in["interactive"] != true:
		return nil, fail("InvalidParameterException", "Interactive is the only mode supported currently.")
	}
	return object{
		"taskArn": s.taskARN(s.all[at]), "containerName": str(in, "container"), "interactive": true,
		"session": object{"sessionId": "ecs-execute-command-" + newID()[:17], "streamUrl": "wss://ssmmessages.invalid/v1/data-channel", "tokenValue": ExecToken},
	}, nil
}

// ExecToken is the token of each session.
const ExecToken = "AAEAAexectokenof-a-session"
