package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
	"hci/internal/aws/ssm"
	"hci/internal/child"
	"hci/internal/compare"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/state"
	"hci/internal/terraform"
	"hci/sync"
	"hci/sync/awssm"
)

// secretLook looks whether what a valueFrom names has a current value.
func (a *app) secretLook(d *deployment) func(context.Context, ecs.SecretRef) error {
	store := awssm.New(d.cfg, func(s string) { a.sayf("%s", s) })
	return func(ctx context.Context, ref ecs.SecretRef) error {
		err := store.Usable(ctx, ref.ValueFrom)
		if errors.Is(err, awssm.ErrParameter) {
			err = ssm.Usable(ctx, d.cfg, ref.ValueFrom)
		}
		var denied *sync.AccessError
		if errors.As(err, &denied) {
			return fmt.Errorf("%w: %w", preflight.ErrUnseen, err)
		}
		return err
	}
}

// moreLooks are those that need the secrets: whether Secrets Manager holds what
// the file says and, where that is asked for, whether Terraform has changes to
// apply. The passphrase is asked for here, before anything is looked at.
func (a *app) moreLooks(ctx context.Context, d *deployment, steps []state.Step, o deployOptions) ([]func(context.Context) []preflight.Finding, error) {
	makes := slices.Contains(steps, state.Build) || slices.Contains(steps, state.Push)
	if !state.Whole(steps) && !makes {
		return nil, nil
	}
	opened, err := a.desired(ctx, d.Env.Name, compare.Options{})
	if makes {
		d.searchFor(a, opened)
	}
	if err != nil && (o.allowDrift || !state.Whole(steps)) && ctx.Err() == nil {
		text := fmt.Sprintf("they were not compared with Secrets Manager: %v", err)
		if makes {
			text = fmt.Sprintf("they can't be opened, so that the image is not searched for them: %v", err)
		}
		found := preflight.Finding{Level: preflight.Warning, About: "secrets", Text: text}
		return []func(context.Context) []preflight.Finding{func(context.Context) []preflight.Finding { return []preflight.Finding{found} }}, nil
	}
	if err != nil {
		a.sayf("--allow-drift deploys without comparing the secrets")
		return nil, err
	}
	if !state.Whole(steps) {
		return nil, nil
	}
	looks := []func(context.Context) []preflight.Finding{func(ctx context.Context) []preflight.Finding { return a.drift(ctx, d, opened, o.allowDrift) }}
	if o.checkInfra {
		looks = append(looks, func(ctx context.Context) []preflight.Finding { return a.infra(opened) })
	}
	return looks, nil
}

// drifted are the kinds of differences that a container would see.
var drifted = []sync.Kind{sync.Add, sync.Missing, sync.Differs, sync.PartDiffers, sync.PendingDeletion, sync.Unreadable}

// drift compares the secrets with Secrets Manager.
func (a *app) drift(ctx context.Context, d *deployment, opened *compare.Desired, allowed bool) []preflight.Finding {
	level := preflight.Problem
	if allowed {
		level = preflight.Warning
	}
	session := a.comparing()
	if a.rehearsal != nil {
		session.Config = func(awssm.Options) (client.Config, error) { return d.cfg, nil }
	}
	c, err := session.Compare(ctx, opened, false)
	switch {
	case errors.Is(err, awssm.ErrCredentials):
		return nil // the identity's look says it
	case err != nil:
		return []preflight.Finding{{Level: level, About: "secrets", Text: fmt.Sprintf("they can't be compared with Secrets Manager: %v", err)}}
	}
	var names []string
	for _, change := range c.Plan.Changes {
		if slices.Contains(drifted, change.Kind) {
			names = append(names, change.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []preflight.Finding{{
		Level: level, About: "secrets",
		Text: fmt.Sprintf("Secrets Manager does not hold what the file says: %s", strings.Join(names, ", ")),
		Next: fmt.Sprintf("'hci secrets diff %s' shows how they differ; --allow-drift deploys all the same", d.Env.Name),
	}}
}

// infra asks terraform whether it has changes to apply.
func (a *app) infra(d *compare.Desired) []preflight.Finding {
	found := preflight.Finding{Level: preflight.Warning, About: "terraform", Next: fmt.Sprintf("'hci tf %s plan' shows it", d.Env.Name)}
	in, err := terraform.NewInvocation([]string{"plan", "-detailed-exitcode", "-input=false", "-no-color", "-lock=false"})
	var at terraform.Place
	var v terraform.Variables
	environ := a.environFor(child.Terraform)
	if err == nil {
		at, err = terraform.FindPlace(a.found, d.Env, environ, io.Discard)
	}
	if err == nil {
		v, _, err = in.Variables(a.found, d.Env, d.Content.File)
	}
	if err == nil {
		err = in.Run(at, d.Env, v, child.Command{Env: environ, Out: io.Discard, Err: io.Discard})
	}
	var ended *child.ExitError
	const changes = 2
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ended) && ended.Code == changes:
		found.Text = "there are changes that were not applied"
	default:
		found.Text = fmt.Sprintf("whether there are changes that were not applied is not known: %v", err)
	}
	return []preflight.Finding{found}
}
