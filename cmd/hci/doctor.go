package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hci/crypto"
	"hci/internal/child"
	"hci/internal/docker"
	"hci/internal/doctor"
	"hci/internal/gitdriver"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/team"
	"hci/internal/term"
	"hci/internal/terraform"
	"hci/sync/secret"
)

func newDoctor(a *app) *cobra.Command {
	var asJSON, offline bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say whether everything is there, and what to do next",
		Long: `Look at what hci needs on this machine and in this clone: the programs, the project
as it was found, where each passphrase comes from and whether it opens the sealed
file, the team, what git tracks and ignores, git's drivers and the guard, which AWS
account and region each place is in, and which permissions are missing there. It changes nothing and shows no value.

It asks no questions. Each line is ok, a warning or a problem with the next command.
Exit code 2 when there is a problem. --offline does not ask AWS.`,
		Args: between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &diagnosis{app: a, ctx: cmd.Context(), report: &doctor.Report{}, offline: offline}
			done := a.waiting("looking at programs, files and AWS")
			d.run()
			done()
			if asJSON {
				if err := a.printJSON(doctorReport{Lines: d.report.Lines, Next: d.report.Step()}); err != nil {
					return err
				}
			} else if err := d.print(); err != nil {
				return err
			}
			if d.report.Count(doctor.Problem) > 0 {
				return errDifferences
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "do not ask AWS")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// doctorReport is the JSON form of what was looked at.
type doctorReport struct {
	Lines []doctor.Line `json:"lines"`
	Next  string        `json:"next,omitempty"` // the one thing to do
}

// diagnosis is one run of doctor.
type diagnosis struct {
	*app
	ctx     context.Context
	report  *doctor.Report
	offline bool
	kept    []string // the environments whose passphrase the keyring holds
}

func (d *diagnosis) run() {
	d.report.Add("programs", doctor.OK, "hci "+buildVersion().Version, "")
	d.programs()
	p, err := d.project()
	if err != nil {
		d.wrong("project", err)
		return
	}
	d.layout(p)
	for _, env := range p.Environments {
		d.environment(env)
	}
	d.keyring()
	d.gitSetup()
}

// wrong adds an error as a problem, with what it says is to be done.
func (d *diagnosis) wrong(area string, err error) {
	d.report.Add(area, doctor.Problem, err.Error(), strings.Join(next(err), "; "))
}

// programs looks at what hci runs. Only git is needed for the secrets alone.
func (d *diagnosis) programs() {
	for _, p := range []struct {
		role    child.Role
		name    string
		args    []string
		without string
	}{
		{child.Git, "git", []string{"--version"}, "without git, hci can't tell what is tracked or ignored"},
		{child.Terraform, "openssl", []string{"version"}, "openssl is not needed by hci; your team may want it to open files without hci"},
	} {
		version, err := doctor.Version(d.ctx, p.role, d.environ, p.name, p.args...)
		if err != nil {
			d.report.Add("programs", doctor.Warning, p.name+" is not here: "+p.without, "")
			continue
		}
		d.report.Add("programs", doctor.OK, version, "")
	}
	switch engine, err := docker.Find(d.ctx, d.environ); {
	case err == nil:
		d.report.Add("programs", doctor.OK, fmt.Sprintf("Docker answers; images are built by %s", engine.Builder), "")
	default:
		d.report.Add("programs", doctor.Warning, "Docker does not answer: 'hci deploy' can't build or push images", strings.Join(next(err), "; "))
	}
}

// layout says what the project was taken for.
func (d *diagnosis) layout(p *project.Project) {
	d.report.Add("project", doctor.OK, "root "+p.Root, "")
	if len(p.Environments) == 0 {
		d.report.Add("project", doctor.Problem, "no environment was found", "'hci init --dry-run' says what was looked at; 'hci init' writes an hci.hcl to say where things are")
	}
	program, err := terraform.Program(p)
	if err != nil {
		d.report.Add("programs", doctor.Warning, err.Error(), strings.Join(next(err), "; "))
		return
	}
	version, err := doctor.Version(d.ctx, child.Terraform, d.environ, program, "version")
	if err != nil {
		d.report.Add("programs", doctor.Warning, fmt.Sprintf("%s does not run: %v", program, err), "")
		return
	}
	d.report.Add("programs", doctor.OK, version, "")
}

// environment looks at the files, the passphrase and the place of one.
func (d *diagnosis) environment(env project.Environment) {
	d.report.Add("project", doctor.OK, fmt.Sprintf("%s: workspace %s (%s)", env.Name, env.Workspace, env.WorkspaceWhy), "")
	d.plaintext(env)
	if !exists(env.Sealed) {
		d.report.Add("sealed", doctor.Warning, env.Name+": there is no sealed file", "'hci secrets edit "+env.Name+"' makes it")
		return
	}
	switch d.found.Git(d.ctx, env.Sealed) {
	case project.GitIgnored:
		d.report.Add("git", doctor.Problem, d.rel(env.Sealed)+" is ignored: nobody else gets it", "take it out of .gitignore, then 'git add "+d.rel(env.Sealed)+"'")
	case project.GitUnignored:
		d.report.Add("git", doctor.Warning, d.rel(env.Sealed)+" is in no commit", "'git add "+d.rel(env.Sealed)+"', and commit it")
	}
	d.passphraseSources(env)
	content := d.opens(env)
	d.members(env)
	if !d.offline {
		d.places(env, content)
	}
}

// passphraseSources says where the passphrase could come from, without opening
// anything: in the order in which hci looks.
func (d *diagnosis) passphraseSources(env project.Environment) {
	var set []string
	if d.passphraseFrom != "" {
		set = append(set, "--passphrase-from")
	}
	for _, name := range []string{term.EnvironmentVar(env.Name), "HCI_PASSPHRASE", "HCI_PASSPHRASE_FILE"} {
		if _, ok := d.lookup(name); ok && name != "" {
			set = append(set, name)
		}
	}
	if len(env.PassphraseCommand) > 0 {
		set = append(set, "passphrase_command")
	}
	if term.SystemKeyring(d.lookup) != nil {
		set = append(set, "the keyring")
	}
	if t, err := d.team(); err == nil && t.Has(env.Name) {
		set = append(set, team.File(env.Name))
	}
	text := "a question only"
	if len(set) > 0 {
		text = strings.Join(set, ", ")
	}
	d.report.Add("passphrase", doctor.OK, env.Name+": is looked for in "+text, "")
}

// members looks whether the team's file and the list of members agree.
func (d *diagnosis) members(env project.Environment) {
	t, err := d.team()
	if err != nil || !t.Has(env.Name) {
		return
	}
	all, err := t.Members()
	if err != nil {
		d.wrong("team", err)
		return
	}
	v, err := t.Open(d.ctx, env.Name)
	if err != nil {
		return // said where the passphrase is looked for
	}
	switch err := v.Strangers(all); {
	case err != nil:
		d.wrong("team", err)
	case v.Previous.Len() > 0:
		d.report.Add("team", doctor.Warning, env.Name+": a change of the passphrase was interrupted", "'hci passphrase change "+env.Name+"' does it again")
	default:
		d.report.Add("team", doctor.OK, fmt.Sprintf("%s: %s can open it, as %s says", env.Name, plural(len(v.Members), "member"), team.MembersFile), "")
	}
}

// plaintext looks at the plaintext beside a sealed file.
func (d *diagnosis) plaintext(env project.Environment) {
	if env.Plain == "" {
		return
	}
	switch d.found.Git(d.ctx, env.Plain) {
	case project.GitTracked:
		d.report.Add("git", doctor.Problem, d.rel(env.Plain)+" is tracked: its values are in the history", "'git rm --cached "+d.rel(env.Plain)+"', then rotate the values")
	case project.GitUnignored:
		d.report.Add("git", doctor.Problem, d.rel(env.Plain)+" is not ignored: 'git add .' would take it", "put *_secrets.tfvars into .gitignore")
	}
	if info, err := os.Stat(env.Plain); err == nil {
		if info.Mode().Perm()&0o077 != 0 {
			d.report.Add("sealed", doctor.Problem, fmt.Sprintf("%s can be read by others (mode %04o)", d.rel(env.Plain), info.Mode().Perm()), "chmod 600 "+d.rel(env.Plain))
		}
		d.report.Add("sealed", doctor.Warning, d.rel(env.Plain)+" lies here as plaintext", "'hci secrets encrypt "+env.Name+"', then remove it, if you don't need it")
	}
}

// opens finds the passphrase without asking, and opens the sealed file with it.
func (d *diagnosis) opens(env project.Environment) *sealed.Content {
	s, err := d.sources("")
	if err != nil {
		d.wrong("passphrase", err)
		return nil
	}
	s.Terminal = nil // doctor asks no questions
	from := ""
	content, err := d.files(env).OpenSealed(d.ctx, func(ctx context.Context) (secret.Value, error) {
		p, err := s.Get(ctx, env.Name)
		if from = p.From; from == "keyring" {
			d.kept = append(d.kept, env.Name)
		}
		return p.Value, err
	})
	switch {
	case errors.Is(err, team.ErrNotMember) && d.isMember():
		d.report.Add("passphrase", doctor.OK, fmt.Sprintf("%s: is not for you, as %s says", env.Name, team.File(env.Name)), "")
	case errors.Is(err, team.ErrNotMember):
		d.report.Add("passphrase", doctor.Problem, fmt.Sprintf("%s: none of your keys opens %s", env.Name, team.File(env.Name)), "'hci team request NAME' prints the line to send to a member of the team")
	case errors.Is(err, term.ErrNoTerminal):
		d.report.Add("passphrase", doctor.Warning, env.Name+": no passphrase is at hand; hci will ask", "'hci passphrase save "+env.Name+"' keeps it in the keyring")
	case errors.Is(err, crypto.ErrWrongPassphrase):
		d.report.Add("passphrase", doctor.Problem, fmt.Sprintf("%s: the passphrase from %s does not open %s", env.Name, from, d.rel(env.Sealed)), "ask your team for the passphrase, or 'hci team request NAME'")
	case err != nil:
		d.wrong("sealed", of(env, err))
	default:
		d.report.Add("passphrase", doctor.OK, fmt.Sprintf("%s: the passphrase from %s opens %s", env.Name, sourceName(from, env.Name), d.rel(env.Sealed)), "")
		state, text, next := doctor.OK, "authenticated", ""
		if !content.Authenticated {
			state, text, next = doctor.Warning, "not authenticated: openssl itself sealed it, or somebody altered it", "'hci secrets rekey "+env.Name+" --keep-passphrase'"
		}
		d.report.Add("sealed", state, fmt.Sprintf("%s: %d names, %s, %s", env.Name, len(content.File.Names()), content.Params, text), next)
	}
	return content
}

// isMember reports whether the caller's keys open any environment of the team.
func (d *diagnosis) isMember() bool {
	t, err := d.team()
	if err != nil {
		return false
	}
	for _, env := range d.found.Environments {
		if t.Has(env.Name) {
			if _, err := t.Open(d.ctx, env.Name); err == nil {
				return true
			}
		}
	}
	return false
}

// sourceName is where a passphrase came from, in words.
func sourceName(from, env string) string {
	if from == "team" {
		return team.File(env)
	}
	return from
}

// keyring says whether the system has one.
func (d *diagnosis) keyring() {
	if term.SystemKeyring(d.lookup) == nil {
		d.report.Add("keyring", doctor.Warning, "there is no keyring here: passphrases come from variables, files, a command, the team's file or a question", "")
		return
	}
	text := "there is a keyring, with no passphrase of this project"
	if len(d.kept) > 0 {
		text = "the keyring holds the passphrase of " + strings.Join(d.kept, ", ")
	}
	d.report.Add("keyring", doctor.OK, text, "")
}

// gitSetup looks at git's drivers and the guard.
func (d *diagnosis) gitSetup() {
	files, err := d.sealedFiles(d.ctx)
	if err != nil {
		return // no git, or nothing that it could show
	}
	program, err := ownProgram()
	if err != nil {
		return
	}
	switch missing := gitdriver.Missing(d.ctx, d.git, files, program); {
	case len(missing) > 0:
		d.report.Add("git", doctor.Warning, "git can't show or merge sealed files by name in this clone", "'hci git install'")
	default:
		d.report.Add("git", doctor.OK, "git shows and merges sealed files by name", "")
	}
	old, err := d.found.Read(filepath.Join(d.found.Root, ".gitattributes"), maxGitAttributes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return
	}
	if string(gitdriver.WithAttributes(old, files)) != string(old) {
		d.report.Add("git", doctor.Warning, ".gitattributes lacks the lines for sealed files", "'hci git install', then commit .gitattributes")
	}
	if gitdriver.Guarded(d.ctx, d.git, d.found.Root) {
		d.report.Add("git", doctor.OK, "a pre-commit hook runs the guard", "")
	} else {
		d.report.Add("git", doctor.Warning, "no pre-commit hook runs 'hci git guard'", "'hci git install' sets it up")
	}
	env := filepath.Join(d.found.Root, ".env")
	switch status := d.found.Git(d.ctx, env); {
	case status == project.GitTracked:
		d.report.Add("git", doctor.Problem, ".env is tracked: its values are in the history", "'git rm --cached .env', then rotate the values")
	case status == project.GitUnignored && exists(env):
		d.report.Add("git", doctor.Problem, ".env is not ignored: 'git add .' would take it", "put .env into .gitignore")
	}
}

// print writes the lines, with the sign of each.
func (d *diagnosis) print() error {
	var b strings.Builder
	for _, l := range d.report.Lines {
		fmt.Fprintf(&b, "%-8s %-10s %s\n", l.State, l.Area, l.Text)
		if l.Next != "" && l.State != doctor.OK {
			fmt.Fprintf(&b, "%-19s   %s\n", "", l.Next)
		}
	}
	fmt.Fprintf(&b, "%s, %s\n", plural(d.report.Count(doctor.Problem), "problem"), plural(d.report.Count(doctor.Warning), "warning"))
	switch step := d.report.Step(); {
	case step != "":
		b.WriteString("Next: " + step + "\n")
	case d.report.Count(doctor.Problem) == 0:
		b.WriteString("Everything that is needed is here.\n")
	}
	return d.list(term.Wrap(b.String(), term.Width(d.app.out), 20))
}
