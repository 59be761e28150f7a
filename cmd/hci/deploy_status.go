package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/aws/ecs"
	"hci/internal/term"
)

func newDeployStatus(a *app) *cobra.Command {
	var asJSON bool
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
			d, err := a.deployed(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			s, err := d.on.Describe(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				err = a.printJSON(s)
			} else {
				err = a.printService(s)
			}
			if err == nil && !s.Steady() {
				return errDifferences
			}
			return err
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
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
			d.Revision, when(d.Created), rollout(d), d.Running, d.Desired, d.Failed, reasonWords(d.Reason))
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

// rollout is AWS's word for how far a deployment is, in lower case.
func rollout(d ecs.Deployment) string {
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
	cmd := &cobra.Command{
		Use:               "history ENV",
		Short:             "List the latest revisions of the service's task definition",
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if n < 1 || n > 100 {
				return &usageError{cmd: cmd.CommandPath(), err: errors.New("--number takes 1 to 100")}
			}
			d, err := a.deployed(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			revisions, runs, err := d.on.History(cmd.Context(), n)
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(historyReport{Schema: planSchema, Runs: runs, Revisions: revisions})
			}
			return a.printHistory(revisions, runs)
		},
	}
	cmd.Flags().IntVarP(&n, "number", "n", 10, "how many")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// historyReport is the JSON form of a history.
type historyReport struct {
	Schema    int            `json:"schema"`
	Runs      string         `json:"runs"` // the revision that the service is to run
	Revisions []ecs.Revision `json:"revisions"`
}

func (a *app) printHistory(revisions []ecs.Revision, runs string) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, r := range revisions {
		sign := " "
		if r.Name == runs {
			sign = "*"
		}
		withdrawn := ""
		if r.Withdrawn {
			withdrawn = " (withdrawn)"
		}
		fmt.Fprintf(w, "%s %s%s\t%s\t%s\n", sign, r.Name, withdrawn, when(r.Registered), imageWords(r))
	}
	return w.Flush()
}

func newDeployLogs(a *app) *cobra.Command {
	tail := ecs.Tail{}
	var since time.Duration
	cmd := &cobra.Command{
		Use:   "logs ENV",
		Short: "Print what the service's containers write",
		Long: `Print what the containers of an environment's service wrote to CloudWatch Logs,
with time, container and task. --follow waits for more until Ctrl-C.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.deployed(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			tail.Since = time.Now().Add(-since)
			return d.on.Logs(cmd.Context(), tail, func(l ecs.LogLine) error {
				text := strings.TrimRight(l.Text, "\n")
				if term.IsTerminal(a.out) { // which it may try to command
					text = term.Printable(text)
				}
				_, err := fmt.Fprintf(a.out, "%s %s/%.8s %s\n", l.At.UTC().Format("2006-01-02T15:04:05.000Z"), l.Container, l.Task, text)
				return err
			})
		},
	}
	cmd.Flags().BoolVarP(&tail.Follow, "follow", "f", false, "wait for more")
	cmd.Flags().DurationVar(&since, "since", 10*time.Minute, "how far back to begin")
	cmd.Flags().StringVar(&tail.Container, "container", "", "of this container only")
	return cmd
}
