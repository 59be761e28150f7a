package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	stdsync "sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/aws/ecs"
)

func newDeployStatus(a *app) *cobra.Command {
	var asJSON bool
	var services []string
	cmd := &cobra.Command{
		Use:   "status ENV",
		Short: "Show what the service runs: image, commit, revision, tasks, rollout",
		Long: `Show what an environment's ECS service runs, as AWS knows it: the revision of the
task definition with its images and, where a tag names one, the commit; the
deployments and how far each is rolled out; the running tasks; the latest events.
Exit code 2 while a deployment is under way, or when one has failed.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.deployStatus(cmd.Context(), args[0], services, asJSON)
		},
	}
	jsonFlag(cmd, &asJSON)
	serviceFlag(cmd, &services)
	return cmd
}

// deployStatus shows what an environment's services run. As JSON, several are a list.
func (a *app) deployStatus(ctx context.Context, env string, only []string, asJSON bool) error {
	all, err := a.deployedAll(ctx, env, only)
	if err != nil {
		return err
	}
	var states []*ecs.Service
	steady := true
	for _, d := range all {
		s, err := d.on.Describe(ctx)
		if err != nil {
			return err
		}
		states, steady = append(states, s), steady && s.Steady()
	}
	switch {
	case asJSON && len(states) == 1:
		err = a.printJSON(states[0])
	case asJSON:
		err = a.printJSON(servicesReport{Services: states})
	default:
		for _, s := range states {
			err = errors.Join(err, a.printService(s))
		}
	}
	if err == nil && !steady {
		return errDifferences
	}
	return err
}

// deployedAll are the environment's services that run one image, as far as they are
// meant, to be looked at.
func (a *app) deployedAll(ctx context.Context, env string, only []string) ([]*deployment, error) {
	d, err := a.deployed(ctx, env, only...)
	if err != nil {
		return nil, err
	}
	return d.all(ctx, a)
}

// when is a time as it is shown; "-" if it is not known.
func when(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

func (a *app) printService(s *ecs.Service) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "service\t%s in cluster %s: %d of %d tasks run, %d start\n", s.Name, s.Cluster, s.Running, s.Desired, s.Pending)
	fmt.Fprintf(w, "revision\t%s, registered %s\n", s.Revision.Name, when(s.Revision.Registered))
	for _, i := range s.Revision.Images {
		fmt.Fprintf(w, "image\t%s: %s%s\n", i.Container, i.Image, commitWords(i))
	}
	for _, d := range s.Deployments {
		fmt.Fprintf(w, "deployment\t%s %s %s since %s: %s, %d of %d tasks run, %d failed%s\n", d.ID, strings.ToLower(d.Status),
			d.Revision, when(d.Created), rolloutWords(d), d.Running, d.Desired, d.Failed, reasonWords(d.Reason))
	}
	for _, t := range s.Tasks {
		fmt.Fprintf(w, "task\t%s %s %s since %s\n", t.ID, t.Revision, t.Status, when(t.Started))
	}
	for _, e := range s.Events {
		fmt.Fprintf(w, "event\t%s %s\n", when(e.At), e.Message)
	}
	return w.Flush()
}

// imageWords are the images of a revision's containers in a line.
func imageWords(r ecs.Revision) string {
	var images []string
	for _, i := range r.Images {
		images = append(images, i.Container+": "+i.Image+commitWords(i))
	}
	return strings.Join(images, ", ")
}

func commitWords(i ecs.Image) string {
	if i.Commit == "" {
		return ""
	}
	return " (commit " + i.Commit + ")"
}

// rolloutWords is AWS's word for how far a deployment is, in lower case.
func rolloutWords(d ecs.Deployment) string {
	if d.Rollout == "" {
		return "no rollout state"
	}
	return strings.ToLower(strings.ReplaceAll(d.Rollout, "_", " "))
}

func reasonWords(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func newDeployHistory(a *app) *cobra.Command {
	var asJSON bool
	var n int
	var services []string
	cmd := &cobra.Command{
		Use:               "history ENV",
		Short:             "List the latest revisions of the service's task definition",
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if n < 1 || n > 100 {
				return &usageError{cmd: cmd.CommandPath(), err: errors.New("--number takes 1 to 100")}
			}
			return a.deployHistory(cmd.Context(), args[0], services, n, asJSON)
		},
	}
	serviceFlag(cmd, &services)
	cmd.Flags().IntVarP(&n, "number", "n", 10, "how many")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// deployHistory lists the revisions of an environment's services. As JSON, several are a
// list.
func (a *app) deployHistory(ctx context.Context, env string, only []string, n int, asJSON bool) error {
	all, err := a.deployedAll(ctx, env, only)
	if err != nil {
		return err
	}
	var reports []historyReport
	for _, d := range all {
		revisions, runs, err := d.on.History(ctx, n)
		if err != nil {
			return err
		}
		if !asJSON {
			if err := a.printHistory(revisions, runs); err != nil {
				return err
			}
			continue
		}
		one := historyReport{Schema: planSchema, Runs: runs, Revisions: revisions}
		if len(all) > 1 {
			one.Service = d.names.Service
		}
		reports = append(reports, one)
	}
	switch {
	case !asJSON:
		return nil
	case len(reports) == 1:
		return a.printJSON(reports[0])
	}
	return a.printJSON(historiesReport{Services: reports})
}

// servicesReport is the JSON form of several services.
type servicesReport struct {
	Services []*ecs.Service `json:"services"`
}

// historiesReport is the JSON form of the histories of several services.
type historiesReport struct {
	Services []historyReport `json:"services"`
}

// historyReport is the JSON form of a history.
type historyReport struct {
	Schema    int            `json:"schema"`
	Service   string         `json:"service,omitempty"` // where there are several
	Runs      string         `json:"runs"`              // the revision that the service is to run
	Revisions []ecs.Revision `json:"revisions"`
}

func (a *app) printHistory(revisions []ecs.Revision, runs string) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, r := range revisions {
		sign := " "
		if r.Name == runs {
			sign = "*"
		}
		inactive := ""
		if r.Inactive {
			inactive = " (inactive)"
		}
		fmt.Fprintf(w, "%s %s%s\t%s\t%s\n", sign, r.Name, inactive, when(r.Registered), imageWords(r))
	}
	return w.Flush()
}

func newDeployLogs(a *app) *cobra.Command {
	tail := ecs.Tail{}
	var since time.Duration
	var services []string
	cmd := &cobra.Command{
		Use:   "logs ENV",
		Short: "Print what the service's containers write",
		Long: `Print what the containers of an environment's service wrote to CloudWatch Logs,
with time, container and task. --follow waits for more until Ctrl-C.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			tail.Since = time.Now().Add(-since)
			return a.deployLogs(cmd.Context(), args[0], services, tail)
		},
	}
	serviceFlag(cmd, &services)
	cmd.Flags().BoolVarP(&tail.Follow, "follow", "f", false, "wait for more")
	cmd.Flags().DurationVar(&since, "since", 10*time.Minute, "how far back to begin")
	cmd.Flags().StringVar(&tail.Container, "container", "", "of this container only")
	return cmd
}

// deployLogs prints what the containers of an environment's services write. Those of
// several services come as they are read.
func (a *app) deployLogs(ctx context.Context, env string, only []string, tail ecs.Tail) error {
	all, err := a.deployedAll(ctx, env, only)
	if err != nil {
		return err
	}
	var lock stdsync.Mutex
	errs := make([]error, len(all))
	var group stdsync.WaitGroup
	for i, d := range all {
		service := ""
		if len(all) > 1 {
			service = d.names.Service + " "
		}
		group.Go(func() {
			errs[i] = d.on.Logs(ctx, tail, func(l ecs.LogLine) error {
				lock.Lock()
				defer lock.Unlock()
				return a.printLogLine(service, l)
			})
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func (a *app) printLogLine(service string, l ecs.LogLine) error {
	text := strings.TrimRight(l.Text, "\n")
	_, err := fmt.Fprintf(a.out, "%s %s%s/%.8s %s\n", l.At.UTC().Format("2006-01-02T15:04:05.000Z"), service, l.Container, l.Task, text)
	return err
}
