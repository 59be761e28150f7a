package state

import (
	"strings"

	"hci/internal/aws/ecs"
)

// Own is what a deployment that is resumed has done itself.
type Own struct {
	Deployment, Revision string
	Seen, Before         string // the service's deployment when it began, and the revision to go back to
	Updating             bool   // it has asked for an update whose end is not known
	Asked                string // revision that it has asked the service to run
	Stopped              string // a deployment that it has told to stop
	StartedBy            string // tells its one-off task
	Migration, Container string // that was asked for: revision, and whose exit code decides
	Built, Chosen        bool   // it has built an image; chosen what it deploys
}

// OwnOf is what a journal tells.
func OwnOf(j *Journal) Own {
	own := Own{
		Deployment: j.Deployment, Revision: j.Revision, Seen: j.Seen, Before: j.Before, Updating: j.Updating, Asked: j.Asked, Stopped: j.Stopped,
		StartedBy: j.StartedBy(), Built: j.Built != "", Chosen: j.Words != "",
	}
	if j.MigrateToken != "" {
		own.Migration, own.Container = j.MigrateRevision, j.MigrateContainer
	}
	return own
}

// is reports whether a deployment is the one that this one started.
func (o Own) Is(p *ecs.Deployment) bool {
	return p.ID == o.Deployment || p.ID == o.Stopped || o.Deployment == "" && o.Updating && p.Revision == o.Asked && p.ID != o.Seen
}

// wentBack reports whether a deployment is what the rollback of this one started.
func (o Own) WentBack(p *ecs.Deployment) bool {
	return (o.Deployment != "" && o.Before != o.Asked || p.ID == o.Seen) && p.Revision == o.Before
}

// StartedBy says in AWS who started a one-off task; the token tells it from that
// person's others. It has the letters that AWS allows.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
func StartedBy(who, token string) string {
	who = strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("-_/", r)) {
			return r
		}
		return '-'
	}, "hci/"+who)
	const most = 128
	const shown = 8
	tag := "/" + token[:min(len(token), shown)]
	return who[:min(len(who), most-len(tag))] + tag
}
