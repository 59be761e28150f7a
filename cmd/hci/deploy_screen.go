package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	stdsync "sync"

	"hci/internal/aws/ecs"
	"hci/internal/deploy"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/state"
	"hci/internal/term"
)

// What of AWS's names a person does not read: all of a task's id but its beginning, the
// host of a registry of ECR, and most of a digest.
var (
	taskID   = stdsync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b([0-9a-f]{8})[0-9a-f]{24}\b`) })
	ecrHost  = stdsync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b\d{12}\.dkr[.-]ecr[a-z0-9.-]*/`) })
	anDigest = stdsync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(sha256:[0-9a-f]{12})[0-9a-f]{52}\b`) })
)

// brief abbreviates task ids, and with --verbose nothing.
func (a *app) brief(text string) string {
	if a.verbose {
		return text
	}
	return taskID().ReplaceAllString(text, "$1")
}

// briefer abbreviates images, too.
func (a *app) briefer(text string) string {
	if a.verbose {
		return text
	}
	return anDigest().ReplaceAllString(ecrHost().ReplaceAllString(a.brief(text), ""), "$1")
}

// shownCommits of those between what runs and what comes.
const shownCommits = 10

// between fills in which commits lie between what the service runs and what is to come.
// That it is not known stands in the way of nothing.
func (a *app) between(ctx context.Context, d *deployment, job *deploy.Job, p *deploy.Plan) {
	p.From, p.To = runningCommit(ctx, d.on, job.Look, d.names.Container), job.Journal.Commit
	if p.To == "" && job.Look.Given == "" {
		p.To = job.Look.Commit.SHA
	}
	if !slices.Contains(job.Steps, state.Update) || p.From == "" || p.To == "" || job.Look.Given != "" || job.Journal.Restart {
		return
	}
	from, to := p.From[:min(len(p.From), 12)], p.To[:min(len(p.To), 12)]
	b, ok := a.found.Between(ctx, p.From, p.To, shownCommits)
	switch {
	case !ok:
		p.Between = fmt.Sprintf("from commit %s, which git does not know here, to %s", from, to)
		return
	case b.Ahead == 0 && b.Behind == 0:
		p.Between = "commit " + to + " is what runs"
		return
	}
	p.Between = fmt.Sprintf("from commit %s to %s, %s", from, to, plural(b.Ahead, "commit"))
	if b.Behind > 0 {
		p.Between += fmt.Sprintf("; %s of what runs would go", plural(b.Behind, "commit"))
	}
	for _, line := range b.Lines {
		p.Commits = append(p.Commits, term.Printable(line))
	}
	if more := b.Ahead - len(b.Lines); more > 0 {
		p.Commits = append(p.Commits, fmt.Sprintf("… and %d more", more))
	}
}

// runningCommit is the commit that a tag of the image tells which the service runs; "" if
// none does.
func runningCommit(ctx context.Context, on *ecs.On, look *preflight.Look, container string) string {
	if look.Running == nil {
		return ""
	}
	images := slices.DeleteFunc(look.Running.Revision().Images, func(i ecs.Image) bool {
		return i.Container != container && !slices.Contains(look.Containers, i.Container)
	})
	on.Commits(ctx, images)
	for _, i := range images {
		if i.Commit != "" {
			return i.Commit
		}
	}
	return ""
}

// maxBuilder bounds in bytes what is kept of what the builder says.
const maxBuilder = 1 << 20

// builderLog keeps back what Docker says, until a step fails. On a terminal its latest
// line is shown meanwhile.
type builderLog struct {
	mu   stdsync.Mutex
	live *term.Status
	kept []byte
	line []byte
}

func (b *builderLog) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, p...)
	b.kept = b.kept[max(0, len(b.kept)-maxBuilder):]
	for _, c := range p {
		if c != '\n' && c != '\r' {
			b.line = append(b.line, c)
			continue
		}
		if text := strings.TrimSpace(string(b.line)); text != "" {
			b.live.Show("  " + text)
		}
		b.line = nil
	}
	return len(p), nil
}

// end hands out what was kept back, if that is wanted.
func (b *builderLog) end(to io.Writer, failed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.live.Clear()
	if failed {
		_, _ = to.Write(b.kept)
	}
	b.kept, b.line = nil, nil
}

// dockerOutput is where Docker's words go: to the log that a CI system folds, else they
// are kept back unless --verbose asks for them.
func (a *app) dockerOutput(job *deploy.Job) io.Writer {
	view, ok := job.Talk.(*deployView)
	if a.verbose || !ok || a.getenv("GITHUB_ACTIONS") == "true" || a.getenv("GITLAB_CI") == "true" {
		return a.err
	}
	view.builder = &builderLog{live: view.live}
	return view.builder
}

// board is a table of how the rollouts of several services stand, a line each.
type board struct {
	live  *term.Status
	names []string
	lines map[string]string
}

// set changes a service's line and shows the table; it returns false without a terminal.
func (b *board) set(service, line string) bool {
	b.lines[service] = line
	return b.show()
}

func (b *board) show() bool {
	width := 0
	for _, name := range b.names {
		width = max(width, len(name))
	}
	var lines []string
	for _, name := range b.names {
		if b.lines[name] == "" {
			continue
		}
		lines = append(lines, fmt.Sprintf("%-*s  %s", width, name, b.lines[name]))
	}
	return len(lines) > 0 && b.live.Show(lines...)
}
