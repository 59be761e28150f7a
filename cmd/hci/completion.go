package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/deploy/state"
	"hci/internal/project"
	"hci/internal/terraform"
	"hci/internal/testing/fakeaws"
	"hci/sync/dotenv"
	"hci/tfvars"
	"hci/tfvars/module"
)

// A completion runs whenever somebody presses TAB: it reads the Terraform code and
// hci.hcl, and nothing else. It asks for no passphrase, opens no sealed file, runs
// no command, changes nothing and uses no network.

type completer = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective)

// addCompletions says for every command and flag what can stand there.
func (a *app) addCompletions(root *cobra.Command) {
	byCommand := map[string]completer{
		"secrets get": a.envThen(a.secretVariables), "secrets set": a.envThen(a.secretVariables), "secrets unset": a.envThen(a.secretVariables),
		"secrets rename": a.envThen(a.secretVariables), "secrets rollback": a.envThen(a.secretNames), "secrets log": a.envThen(a.secretVariables),
		"secrets history": a.envThen(a.secretNames),
		"secrets serve":   a.oneEnv, "env docker": a.oneEnv, "env run": a.oneEnv, "deploy shell": a.oneEnv,
		"team add": a.envsAfterName, "team request": a.envsAfterName, "team remove": nothing,
		"deploy task": a.envThen(a.taskNames), "tf": a.envThen(terraformCommands),
		"env explain": a.envThen(a.keys), "env import": a.envsAndFiles,
	}
	byFlag := map[string]completer{
		"steps": commaList(stepNames()), "skip": commaList(stepNames()), "scenario": fixed(scenarioNames()...), "from": fixed("aws\tthe values that Secrets Manager holds"),
		"with": a.otherEnvs, "kdf": fixed("pbkdf2\tthe usual one", "EVP_BytesToKey\tfor readers older than OpenSSL 1.1.1"),
		"digest":          fixed("sha256\tthe usual one", "sha512", "sha384", "sha1", "md5"),
		"passphrase-from": fixed("env:\tan environment variable", "file:\tthe first line of a file", "fd:\ta file descriptor", "stdin\tstandard input"),
		"only":            a.flagKeys, "except": a.flagKeys, "root": a.rootNames, "container": a.flagContainers, "service": a.flagServices,
		"base": fixed("running\tthe one that the service runs", "newest\tthe newest of its family"),
		"ours": a.flagVariables, "theirs": a.flagVariables,
	}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		name := commandName(cmd)
		if f := byCommand[name]; f != nil {
			cmd.ValidArgsFunction = f
		} else if cmd.ValidArgsFunction == nil && cmd.Args != nil && cmd.Args(cmd, []string{"x"}) != nil {
			cmd.ValidArgsFunction = nothing // and no files
		}
		for flag, f := range byFlag {
			if flag == "only" && strings.HasPrefix(name, "secrets ") {
				f = a.flagSecrets
			}
			if ownFlag(cmd, flag) {
				_ = cmd.RegisterFlagCompletionFunc(flag, f) // it fails where one is there already, which is as good
			}
		}
		if ownFlag(cmd, "format") {
			formats := fixed("text", "json", "sarif\tfor code hosts")
			switch {
			case name == "map":
				formats = fixed("tree\tfor a terminal", "mermaid\tfor Markdown", "svg\ta picture")
			case strings.HasPrefix(name, "env "):
				formats = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
					return formatNames(), noFiles
				}
			}
			_ = cmd.RegisterFlagCompletionFunc("format", formats)
		}
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	walk(root)
	_ = root.MarkPersistentFlagDirname("directory")
}

// ownFlag reports whether a command has a flag that it does not inherit.
func ownFlag(cmd *cobra.Command, name string) bool {
	return cmd.Flags().Lookup(name) != nil || cmd.PersistentFlags().Lookup(name) != nil
}

const noFiles = cobra.ShellCompDirectiveNoFileComp

// fixed offers the same words always, each with what it is behind a tab.
func fixed(words ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { return words, noFiles }
}

// nothing offers nothing, not even files.
func nothing(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, noFiles
}

// commaList offers words for a list with commas, without those it has already.
func commaList(words []string) completer {
	return func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		before := word[:strings.LastIndex(word, ",")+1]
		given := strings.Split(before, ",")
		var all []string
		for _, w := range words {
			if name, _, _ := strings.Cut(w, "\t"); !slices.Contains(given, name) {
				all = append(all, before+w)
			}
		}
		return all, noFiles | cobra.ShellCompDirectiveNoSpace
	}
}

func stepNames() []string {
	return []string{
		string(state.Login) + "\tlog Docker in to the registry", string(state.Build) + "\tbuild this commit's image", string(state.Push) + "\tpush it",
		string(state.Migrate) + "\trun the migration", string(state.Update) + "\tmake the service run it",
	}
}

func scenarioNames() []string {
	var names []string
	for _, s := range fakeaws.Scenarios {
		names = append(names, string(s))
	}
	return names
}

func formatNames() []string {
	var names []string
	for _, name := range dotenv.Names() {
		d, _ := dotenv.ByName(name)
		names = append(names, name+"\t"+d.Consumer())
	}
	return names
}

// completing is the project as a completion finds it; nil where there is none.
func (a *app) completing() *project.Project {
	p, err := project.Find(a.dir, project.Options{Getenv: a.getenv, Environ: a.environ, Workspace: a.workspace, Root: a.root})
	if err != nil {
		return nil
	}
	return p
}

// envNames completes the names of environments, as long as the command takes
// another word.
func (a *app) envNames(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if cmd.Args != nil && cmd.Args(cmd, append(slices.Clone(args), "x")) != nil && cmd.Args(cmd, args) == nil {
		return nil, noFiles
	}
	return a.otherEnvs(cmd, args, word)
}

// otherEnvs completes the names of environments that are not given yet.
func (a *app) otherEnvs(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	p := a.completing()
	if p == nil {
		return nil, noFiles
	}
	var names []string
	for _, env := range p.Environments {
		if slices.Contains(args, env.Name) {
			continue
		}
		file := env.Sealed
		if rel, err := filepath.Rel(p.Root, file); err == nil {
			file = rel
		}
		names = append(names, env.Name+"\t"+file)
	}
	return names, noFiles
}

// oneEnv completes an environment, and behind it the files that a command can name.
func (a *app) oneEnv(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return a.otherEnvs(cmd, args, word)
}

// envsAfterName completes environments behind a person's name.
func (a *app) envsAfterName(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, noFiles
	}
	return a.otherEnvs(cmd, args, word)
}

// rootNames completes the name of a root.
func (a *app) rootNames(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	p, err := project.Find(a.dir, project.Options{Getenv: a.getenv, Environ: a.environ, Workspace: a.workspace})
	if err != nil {
		return nil, noFiles
	}
	return p.RootNames(), noFiles
}

// envThen completes an environment, and then what list offers in it.
func (a *app) envThen(list func(p *project.Project, env project.Environment) []string) completer {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return a.envNames(cmd, args, word)
		}
		p := a.completing()
		if p == nil {
			return nil, noFiles
		}
		env, err := p.Environment(args[0])
		if err != nil {
			return nil, noFiles
		}
		return slices.DeleteFunc(list(p, env), func(w string) bool {
			name, _, _ := strings.Cut(w, "\t")
			return slices.Contains(args[1:], name)
		}), noFiles
	}
}

// envsAndFiles completes environments and .env files, then the files alone.
func (a *app) envsAndFiles(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 1 {
		return nil, noFiles
	}
	var words []string
	if len(args) == 0 {
		words, _ = a.envNames(cmd, args, word)
	}
	dir, _ := filepath.Split(word)
	entries, err := os.ReadDir(filepath.Join(a.dir, dir))
	if err != nil {
		return words, cobra.ShellCompDirectiveDefault
	}
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && (strings.HasPrefix(name, ".env") || strings.HasSuffix(name, ".env")) {
			words = append(words, dir+name+"\tfile")
		}
	}
	return words, cobra.ShellCompDirectiveDefault
}

// secretVariables are the variables that the Terraform code declares sensitive
// or, if it declares none so, all of them, each with its description.
func (a *app) secretVariables(p *project.Project, env project.Environment) []string {
	m, err := terraform.Read(p.In(env))
	if err != nil {
		return nil
	}
	all := m.Variables()
	sensitive := slices.DeleteFunc(slices.Clone(all), func(v module.Variable) bool { return !v.Sensitive })
	if len(sensitive) > 0 {
		all = sensitive
	}
	var names []string
	for _, v := range all {
		names = append(names, strings.TrimSuffix(v.Name+"\t"+strings.Join(strings.Fields(v.Description), " "), "\t"))
	}
	return names
}

// evaluated is the Terraform code without any secret.
func (a *app) evaluated(p *project.Project, env project.Environment) *module.Evaluated {
	_, ev, err := terraform.Evaluate(p, env, tfvars.New("secrets.tfvars"), a.environ, terraform.Options{})
	if err != nil {
		return nil
	}
	return ev
}

// secretNames are the names in Secrets Manager that are known without a secret.
func (a *app) secretNames(p *project.Project, env project.Environment) []string {
	ev := a.evaluated(p, env)
	if ev == nil {
		return nil
	}
	var names []string
	for _, s := range ev.Secrets {
		if s.Name != "" {
			names = append(names, s.Name+"\t"+s.Address)
		}
	}
	return names
}

// taskNames are the one-off tasks: the task definitions that no service runs.
func (a *app) taskNames(p *project.Project, env project.Environment) []string {
	ev := a.evaluated(p, env)
	if ev == nil {
		return nil
	}
	served := map[string]bool{}
	for _, s := range ev.Services {
		served[s.TaskDefinition] = true
	}
	var names []string
	for _, t := range ev.Tasks {
		if served[t.Address] {
			continue
		}
		_, label, _ := strings.Cut(t.Address, "aws_ecs_task_definition.")
		names = append(names, strings.TrimSuffix(label+"\t"+t.Family, "\t"))
	}
	return names
}

// keys are the environment variables of an environment.
func (a *app) keys(p *project.Project, env project.Environment) []string {
	found := map[string]string{}
	for _, name := range a.secretVariables(p, env) {
		name, about, _ := strings.Cut(name, "\t")
		found[strings.ToUpper(name)] = about
	}
	if ev := a.evaluated(p, env); ev != nil {
		for _, t := range ev.Tasks {
			for _, c := range t.Containers {
				for _, e := range c.Environment {
					found[e.Name] = "container " + c.Name
				}
				for _, s := range c.Secrets {
					found[s.Name] = "container " + c.Name
				}
			}
		}
	}
	for _, v := range p.EnvVars(env.Name) {
		found[v.Key] = "hci.hcl"
	}
	var all []string
	for key, about := range found {
		all = append(all, strings.TrimSuffix(key+"\t"+about, "\t"))
	}
	slices.Sort(all)
	return all
}

// terraformCommands are those of the terraform program.
func terraformCommands(*project.Project, project.Environment) []string {
	return []string{
		"plan\tshow what would change", "apply\tmake the changes", "init\tprepare the directory", "output\tprint the outputs", "show\tprint the state or a plan",
		"state\twork on the state", "console\ttry expressions", "destroy\tremove everything", "import\tbring a resource into the state", "refresh\tread what is there",
		"test\trun the tests", "validate\tcheck the code", "workspace\twork on workspaces", "fmt\tformat the code", "providers\tlist the providers", "taint\tmark a resource for renewal",
		"untaint\tundo that", "force-unlock\tbreak a lock", "graph\tprint the graph", "get\tfetch modules", "version\tprint the version",
	}
}
