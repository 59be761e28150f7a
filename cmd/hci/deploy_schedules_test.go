package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/testing/fakeaws"
)

// scheduleCode declares a family that only schedules start, by a target of a rule that
// Terraform owns, one that it leaves to others, and a schedule.
const scheduleCode = `
resource "aws_ecs_task_definition" "cleanup" {
  family       = "hci_cleanup_${terraform.workspace}"
  network_mode = "awsvpc"
  container_definitions = jsonencode([{ name = "cleanup", image = local.hci_image, command = ["cleanup"] }])
}

resource "aws_ecs_task_definition" "admin" {
  family       = "hci_admin_${terraform.workspace}"
  network_mode = "awsvpc"
  container_definitions = jsonencode([{ name = "admin", image = local.hci_image, command = ["create-admin"] }])
}

resource "aws_cloudwatch_event_rule" "nightly" {
  name                = "hci_nightly_${terraform.workspace}"
  schedule_expression = "rate(1 day)"
}

resource "aws_cloudwatch_event_target" "owned" {
  rule = aws_cloudwatch_event_rule.nightly.name
  arn  = aws_ecs_cluster.hci_cluster.arn
  ecs_target {
    launch_type         = "FARGATE"
    task_definition_arn = aws_ecs_task_definition.cleanup.arn
  }
}

resource "aws_cloudwatch_event_target" "left" {
  rule = "hci_hourly_${terraform.workspace}"
  arn  = aws_ecs_cluster.hci_cluster.arn
  ecs_target {
    task_definition_arn = aws_ecs_task_definition.cleanup.arn
  }
  lifecycle {
    ignore_changes = [ecs_target[0].task_definition_arn]
  }
}

resource "aws_scheduler_schedule" "weekly" {
  name                = "hci_weekly_${terraform.workspace}"
  schedule_expression = "rate(7 days)"
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_ecs_cluster.hci_cluster.arn
    role_arn = "arn:aws:iam::123456789012:role/scheduler"
    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.cleanup.arn
      launch_type         = "FARGATE"
    }
  }
  lifecycle {
    ignore_changes = [target[0].ecs_parameters[0]]
  }
}
`

const (
	clusterARN = "arn:aws:ecs:eu-central-1:123456789012:cluster/hci_cluster_staging"
	cleanupARN = "arn:aws:ecs:eu-central-1:123456789012:task-definition/hci_cleanup_staging:1"
)

// withSchedules declares them; the AWS has them once it is there, see scheduledStage.
func (s *stage) withSchedules() {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "infra", "schedules.tf"), []byte(scheduleCode), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func ruleTarget(id, task string) map[string]any {
	return map[string]any{
		"Id": id, "Arn": clusterARN, "RoleArn": "arn:aws:iam::123456789012:role/events", "Input": `{"containerOverrides":[]}`,
		"EcsParameters": map[string]any{"TaskDefinitionArn": task, "TaskCount": 2, "LaunchType": "FARGATE"},
	}
}

func scheduledStage(t *testing.T) *stage {
	t.Helper()
	s := newStage(t, fakeaws.Healthy, (*stage).withSchedules)
	s.server.AddTarget("hci_nightly_staging", ruleTarget("owned", cleanupARN))
	s.server.AddTarget("hci_hourly_staging", ruleTarget("left", cleanupARN))
	s.server.AddTarget("hci_hourly_staging", map[string]any{"Id": "other", "Arn": "arn:aws:lambda:eu-central-1:123456789012:function:x"})
	s.server.AddTarget("nobodys", ruleTarget("1", cleanupARN))
	s.server.AddTarget("another-cluster", map[string]any{"Id": "1", "Arn": clusterARN + "2", "EcsParameters": map[string]any{"TaskDefinitionArn": cleanupARN}})
	s.server.AddSchedule(map[string]any{
		"Name": "hci_weekly_staging", "GroupName": "default", "Arn": "arn:aws:scheduler:x", "CreationDate": 1.5, "LastModificationDate": 2.5,
		"ScheduleExpression": "rate(7 days)", "FlexibleTimeWindow": map[string]any{"Mode": "OFF"}, "State": "ENABLED",
		"Target": map[string]any{"Arn": clusterARN, "RoleArn": "r", "RetryPolicy": map[string]any{"MaximumRetryAttempts": 3}, "EcsParameters": map[string]any{"TaskDefinitionArn": cleanupARN, "LaunchType": "FARGATE"}},
	})
	return s
}

func taskOf(object map[string]any) string {
	if inner, ok := object["Target"].(map[string]any); ok {
		object = inner
	}
	return fmt.Sprint(object["EcsParameters"].(map[string]any)["TaskDefinitionArn"])
}

// TestDeploySchedules: what else runs the image is named, and updated where Terraform
// leaves it to others or does not have it.
func TestDeploySchedules(t *testing.T) {
	s := scheduledStage(t)
	s.held(s.commit())
	p := s.run(deployStaging("--dry-run")...)
	p.is(t, 0,
		"warning: schedules: the target owned of EventBridge's rule hci_nightly_staging starts hci_cleanup_staging:1, and goes on with the old image",
		"infra/schedules.tf:24: Terraform owns the revision of aws_cloudwatch_event_target.owned; with lifecycle { ignore_changes = [ecs_target[0].task_definition_arn] } there, --schedules updates it",
		"the target left of EventBridge's rule hci_hourly_staging starts hci_cleanup_staging:1", "the target 1 of EventBridge's rule nobodys starts",
		"the schedule hci_weekly_staging starts hci_cleanup_staging:1, and goes on with the old image\nhci:   --schedules makes it start the new image",
		"note: tasks: hci_admin_staging:1, for one-off tasks, names the old image, and keeps it", "'hci deploy task staging hci_admin_staging' runs it with the image that is deployed")
	if strings.Contains(p.err, "another-cluster") {
		t.Errorf("another cluster's is named:\n%s", p.err)
	}
	s.run(deployStaging("--schedules", "--wait=false")...).is(t, 1, "--schedules does not go with --wait=false")
	if changed := s.changed(); len(changed) > 0 {
		t.Errorf("asked for %q", changed)
	}
	s.run(deployStaging("--schedules")...).is(t, 0, "note: schedules: the target left of EventBridge's rule hci_hourly_staging starts hci_cleanup_staging:1: it is made to start the new image",
		"hci: the target left of EventBridge's rule hci_hourly_staging starts hci_cleanup_staging:2 now", "hci: the schedule hci_weekly_staging starts hci_cleanup_staging:2 now", "hci: deployed\n")
	updated := cleanupARN[:len(cleanupARN)-1] + "2"
	if owned := taskOf(s.server.Target("hci_nightly_staging", "owned")); owned != cleanupARN {
		t.Errorf("Terraform's own starts %s", owned)
	}
	left := s.server.Target("hci_hourly_staging", "left")
	want := ruleTarget("left", updated)
	if fmt.Sprint(left) != fmt.Sprint(want) {
		t.Errorf("the target is %v, want %v", left, want)
	}
	weekly := s.server.Scheduled("hci_weekly_staging")
	if taskOf(weekly) != updated || weekly["State"] != "ENABLED" || fmt.Sprint(weekly["Target"].(map[string]any)["RetryPolicy"]) != "map[MaximumRetryAttempts:3]" {
		t.Errorf("the schedule is %v", weekly)
	}
	if task := taskOf(s.server.Target("nobodys", "1")); task != updated {
		t.Errorf("what nobody declares starts %s", task)
	}
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": "hci_cleanup_staging:2"})["taskDefinition"].(map[string]any)
	if image := d["containerDefinitions"].([]any)[0].(map[string]any)["image"]; image != s.server.RepositoryURI()+"@"+s.digest("git-"+s.git("rev-parse", "HEAD")[:12]) {
		t.Errorf("the schedules start %v", image)
	}
	// They start the new image now; what Terraform owns is all that is left.
	p = s.run(deployStaging("--dry-run")...)
	if n := strings.Count(p.err, "schedules:"); n != 1 {
		t.Errorf("%d schedules are named:\n%s", n, p.err)
	}
}

// TestDeploySchedulesChanged: what somebody changes of a schedule while hci deploys stays.
func TestDeploySchedulesChanged(t *testing.T) {
	s := scheduledStage(t)
	s.held(s.commit())
	s.once("UpdateService", func() {
		weekly := s.server.Scheduled("hci_weekly_staging")
		weekly["State"] = "DISABLED"
		s.server.AddSchedule(weekly)
	})
	s.run(deployStaging("--schedules")...).is(t, 0, "the schedule hci_weekly_staging starts hci_cleanup_staging:2 now")
	if weekly := s.server.Scheduled("hci_weekly_staging"); weekly["State"] != "DISABLED" {
		t.Errorf("the schedule is on again: %v", weekly)
	}
}

// TestDeploySchedulesUnknown: what can't be asked is not taken for none, and is asked for
// only besides, unless schedules are to be updated.
func TestDeploySchedulesUnknown(t *testing.T) {
	s := scheduledStage(t)
	s.held(s.commit())
	s.refuses("ListRuleNamesByTarget", "PutTargets")
	s.run(deployStaging("--dry-run")...).is(t, 0, "note: schedules: whether schedules run the image is not known", "the schedule hci_weekly_staging starts")
	s.run(deployStaging("--dry-run", "--schedules")...).is(t, 1, "problem: schedules: whether schedules run the image is not known", "nothing was done")
	s.refuses("PutTargets")
	s.run(deployStaging("--schedules")...).is(t, 1, "the target left of EventBridge's rule hci_hourly_staging goes on with the old image", "the schedule hci_weekly_staging starts hci_cleanup_staging:2 now",
		"hci: deployed\n", "'hci deploy update staging --schedules' tries the schedules once more")
	s.refuses()
	s.run("deploy", "update", "staging", "--schedules", "--yes", "--poll", "10ms").is(t, 0, "the target left of EventBridge's rule hci_hourly_staging starts hci_cleanup_staging:2 now")
	// A schedule of which the code does not tell the name may be any.
	path := filepath.Join(s.dir, "infra", "schedules.tf")
	text := strings.Replace(read(t, path), `name                = "hci_weekly_${terraform.workspace}"`, `name                = aws_ecs_cluster.hci_cluster.arn`, 1)
	s.write("infra/schedules.tf", text)
	s.server.AddSchedule(map[string]any{"Name": "late", "GroupName": "default", "ScheduleExpression": "x", "FlexibleTimeWindow": map[string]any{}, "Target": map[string]any{"Arn": clusterARN, "EcsParameters": map[string]any{"TaskDefinitionArn": cleanupARN}}})
	s.run(deployStaging("--schedules")...).is(t, 0, "the schedule late starts hci_cleanup_staging:1, and goes on with the old image", "whether Terraform owns its revision is not known")
	if taskOf(s.server.Scheduled("late")) != cleanupARN {
		t.Error("it was updated")
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
