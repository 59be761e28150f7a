package project

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"hci/internal/git"
)

// Between is what lies between two commits.
type Between struct {
	Lines  []string // the latest commits that the second has and the first has not, abbreviated and with their subjects
	Ahead  int      // how many those are
	Behind int      // how many the first has and the second has not
}

var hexadecimal = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{7,64}$`) })

// Between lists at most so many commits. ok is false if git does not know both.
func (p *Project) Between(ctx context.Context, from, to string, most int) (b Between, ok bool) {
	if !hexadecimal().MatchString(from) || !hexadecimal().MatchString(to) {
		return b, false
	}
	repo, err := git.Find(ctx, p.Root, p.environ)
	if err != nil {
		return b, false
	}
	counts, err := repo.Run(ctx, "rev-list", "--left-right", "--count", from+"..."+to, "--")
	fields := strings.Fields(string(counts))
	if err != nil || len(fields) != 2 {
		return b, false
	}
	b.Behind, _ = strconv.Atoi(fields[0]) // git's own numbers
	b.Ahead, _ = strconv.Atoi(fields[1])
	out, err := repo.Run(ctx, "log", "--no-color", "--no-decorate", "--format=%h %s", "--max-count="+strconv.Itoa(most), from+".."+to, "--")
	if err != nil {
		return b, false
	}
	for line := range strings.Lines(string(out)) {
		b.Lines = append(b.Lines, strings.TrimSuffix(line, "\n"))
	}
	return b, true
}
