package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hci/internal/atomicfile"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/team"
	"hci/internal/term"
	"hci/internal/terraform"
	"hci/sync/secret"
	"hci/tfvars"
)

// newProject is what 'hci init' was told about a new project.
type newProject struct {
	project.Start
	team, key string
	noGit     bool
}

// errNotSaid says that there is nobody to ask.
var errNotSaid = errors.New("no environment was found, and there is no terminal to ask on: say --environments staging,production")

// beginProject makes the files of a new project.
func (a *app) beginProject(ctx context.Context, p *project.Project, n newProject, dryRun bool) error {
	if err := a.askProject(p, &n); err != nil {
		return err
	}
	planned, err := p.Plan(n.Start)
	if err != nil {
		return err
	}
	for _, env := range planned {
		if exists(env.Sealed) || exists(env.Plain) {
			return fmt.Errorf("%s has a secrets file already; nothing was written", env.Name)
		}
	}
	if dryRun {
		for _, env := range planned {
			if _, err := fmt.Fprintln(a.out, a.rel(env.Sealed)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := a.sealEmpty(ctx, planned, n); err != nil {
		return err
	}
	if err := a.ignorePlaintext(p); err != nil {
		return err
	}
	if err := a.deviations(n, planned); err != nil {
		return err
	}
	if !n.noGit {
		if err := a.beginGit(ctx); err != nil {
			a.sayf("git is not set up: %v", err)
			a.notes(next(err))
		}
	}
	a.sayf("'hci secrets edit %s' fills it; commit what was written", planned[0].Name)
	return nil
}

// beginGit is 'hci git install', where there is a git repository.
func (a *app) beginGit(ctx context.Context) error {
	files, err := a.sealedFiles(ctx)
	if err != nil {
		return err
	}
	return a.installGit(ctx, files, false)
}

// askProject asks for what the flags don't say.
func (a *app) askProject(p *project.Project, n *newProject) error {
	if len(n.Environments) > 0 {
		n.Directory = cmp.Or(n.Directory, p.Usual().Directory)
		return nil
	}
	usual := p.Usual()
	ask := func(question, byDefault string) (string, error) {
		if byDefault != "" {
			question += " [" + byDefault + "]"
		}
		answer, err := a.terminal().Ask(question + ": ")
		if errors.Is(err, term.ErrNoTerminal) {
			err = errNotSaid
		}
		return cmp.Or(strings.TrimSpace(answer), byDefault), err
	}
	names, err := ask("Environments, with commas", strings.Join(usual.Environments, ","))
	if err != nil {
		return err
	}
	n.Environments = strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' })
	if n.Directory == "" {
		if n.Directory, err = ask("Directory of the Terraform code", usual.Directory); err != nil {
			return err
		}
	}
	if err := a.askPlace(p, n, ask); err != nil {
		return err
	}
	if n.team == "" {
		n.team, err = ask("Your name, to keep a random passphrase in the repository for a team (empty: choose a passphrase)", "")
	}
	return err
}

// askPlace asks for region and profile, and offers those that the aliased
// providers of the code and the AWS configuration have.
func (a *app) askPlace(p *project.Project, n *newProject, ask func(question, byDefault string) (string, error)) error {
	regions, profiles := a.placesOffered(p)
	for _, q := range []struct {
		into    *string
		what    string
		offered []string
	}{
		{&n.Region, "AWS region", regions}, {&n.Profile, "AWS profile", profiles},
	} {
		if *q.into != "" {
			continue
		}
		question := q.what + " (empty: as the Terraform code or your shell says"
		if len(q.offered) > 0 {
			question += "; there are " + strings.Join(q.offered, ", ")
		}
		var err error
		if *q.into, err = ask(question+")", ""); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) placesOffered(p *project.Project) (regions, profiles []string) {
	add := func(all *[]string, s string) {
		if s != "" && !slices.Contains(*all, s) {
			*all = append(*all, s)
		}
	}
	if p.TerraformDir != "" {
		env := project.Environment{TerraformDir: p.TerraformDir}
		if _, ev, err := terraform.Evaluate(p, env, nil, a.environ, terraform.Options{}); err == nil {
			for _, place := range ev.Providers {
				add(&regions, place.Region)
				add(&profiles, place.Profile)
			}
		}
	}
	path := cmp.Or(a.getenv("AWS_CONFIG_FILE"), filepath.Join(a.getenv("HOME"), ".aws", "config"))
	data, err := atomicfile.Read(path, 1<<20)
	if err != nil {
		return regions, profiles
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "[profile "); ok && strings.HasSuffix(name, "]") {
			add(&profiles, strings.TrimSpace(strings.TrimSuffix(name, "]")))
		}
		if key, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(key) == "region" {
			add(&regions, strings.TrimSpace(value))
		}
	}
	return regions, profiles
}

// sealEmpty makes the sealed files, and before them the team's.
func (a *app) sealEmpty(ctx context.Context, planned []project.Environment, n newProject) error {
	pass := a.firstPassphrase
	if n.team != "" {
		phrases, err := a.beginTeam(ctx, planned, n)
		if err != nil {
			return err
		}
		pass = func(env project.Environment) sealed.Passphrase {
			return func(context.Context) (secret.Value, error) { return phrases[env.Name], nil }
		}
	}
	for _, env := range planned {
		f := a.files(env)
		for _, other := range planned {
			if other.Name != env.Name && !slices.Contains(f.Others, other.Name) {
				f.Others = append(f.Others, other.Name)
			}
		}
		f.Create = pass(env)
		s, err := f.Begin(ctx, f.Create)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("# Secrets of %s.\n", env.Name)
		file, err := tfvars.Parse([]byte(text), filepath.Base(env.Plain))
		if err != nil {
			return err
		}
		r, err := s.Commit(file, sealed.Options{})
		if err != nil {
			return err
		}
		a.printResult(r, false)
	}
	return nil
}

// beginTeam writes the team's files with one member.
func (a *app) beginTeam(ctx context.Context, planned []project.Environment, n newProject) (map[string]secret.Value, error) {
	t, err := a.team()
	if err != nil {
		return nil, err
	}
	if _, err := t.Members(); !errors.Is(err, team.ErrNoTeam) {
		return nil, cmp.Or(err, errors.New(team.MembersFile+" is there already: 'hci team init' adds environments"))
	}
	me := team.Member{Name: n.team}
	if me.Key, err = a.keyOrOwn(ctx, n.key); err != nil {
		return nil, err
	}
	phrases := map[string]secret.Value{}
	var vaults []*team.Vault
	for _, env := range planned {
		me.Environments = append(me.Environments, env.Name)
		phrases[env.Name] = team.NewPassphrase()
		vaults = append(vaults, &team.Vault{Environment: env.Name, Passphrase: phrases[env.Name]})
	}
	members, err := team.Members{}.Add(me)
	if err != nil {
		return nil, err
	}
	for _, v := range vaults {
		v.Members = members
	}
	return phrases, t.Write(ctx, members, vaults)
}

// ignorePlaintext adds the lines that .gitignore lacks.
func (a *app) ignorePlaintext(p *project.Project) error {
	path := filepath.Join(p.Root, ".gitignore")
	old, err := p.Read(path, 1<<20)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	lack := project.IgnoreLines(old)
	if len(lack) == 0 {
		return nil
	}
	if len(old) > 0 && !strings.HasSuffix(string(old), "\n") {
		old = append(old, '\n')
	}
	if err := a.writeAt(path, append(old, strings.Join(lack, "\n")+"\n"...), atomicfile.Options{Perm: 0o644}); err != nil {
		return err
	}
	a.sayf("%s has the lines %s", a.rel(path), strings.Join(lack, ", "))
	return nil
}

// deviations looks whether the project is found as it was meant, and writes an
// hci.hcl if it is not.
func (a *app) deviations(n newProject, planned []project.Environment) error {
	a.found, a.passphrases = nil, nil
	p, err := a.project()
	if err != nil {
		return err
	}
	text := p.Deviations(n.Start, planned)
	if text == nil {
		return nil
	}
	path := filepath.Join(p.Root, configName)
	err = a.writeAt(path, text, atomicfile.Options{Perm: 0o644, Check: func(_ []byte, there bool) error {
		if there {
			return fmt.Errorf("%s is there already: add to it\n%s", a.rel(path), text)
		}
		return nil
	}})
	if err != nil {
		return err
	}
	a.sayf("%s written", a.rel(path))
	a.found, a.passphrases = nil, nil
	_, err = a.project()
	return err
}
