package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/state"
)

// builtFor reports whether an image that is built for some platforms runs on one.
func builtFor(platforms, one string) bool {
	return slices.Contains(strings.Split(platforms, ","), one)
}

// allFor reports whether all platforms are the engine's own.
func allFor(platforms, engine string) bool {
	return !slices.ContainsFunc(strings.Split(platforms, ","), func(p string) bool { return p != engine })
}

// platforms reads which platforms the image is for that the registry has and that is to
// run. That it can't be told is no reason not to deploy it.
func (l *looker) platforms(ctx context.Context, registry Registry, repository, digest string) {
	if !l.needs(state.Migrate, state.Update, state.MigrateAfter) || l.State.Words != "" || l.State.Restart || l.Follows {
		return
	}
	all, err := registry.Platforms(ctx, repository, digest)
	if err != nil && ctx.Err() == nil {
		l.found(Note, "image", "", "which platform it is for is not known: %v", err)
		return
	}
	l.look.Platforms = all
}

// WrongPlatform finds that an image which is there, or is being made, does not run where
// a task definition says.
func (look *Look) WrongPlatform(d *ecs.Definition, env string, making bool) []Finding {
	wants, have := d.Platform(), look.Platforms
	f := Finding{Level: Problem, About: "image"}
	switch {
	case slices.Contains(have, wants), len(have) == 0 && (!making || look.Pushed != "" || builtFor(look.Platform, wants)):
		return nil
	case len(have) == 0:
		f.Text = fmt.Sprintf("%s runs on %s, and the image is built for %s", d.Name, wants, look.Platform)
		f.Next = fmt.Sprintf("make both say the same: runtime_platform in Terraform, platform in the deploy block of hci.hcl; platform = [%q, %q] builds for both", look.Platform, wants)
	default:
		f.Text = fmt.Sprintf("%s runs on %s, and the image in the registry is for %s", d.Name, wants, strings.Join(have, ", "))
		f.Next = "'hci deploy " + env + " --rebuild' builds it for the task, or name another: --tag TAG, --image REFERENCE"
	}
	return []Finding{f}
}
