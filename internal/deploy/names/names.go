// Package names finds what a deployment needs to know by name: service, cluster,
// container, repository, migration, each with where it was found.
// What AWS has of them is for the preflight checks, hci/internal/deploy/preflight.
package names

import (
	"fmt"
	"strings"

	"hci/tfvars/module"
)

// Name is one that a deployment needs, and where it came from.
type Name struct {
	Key   string `json:"name"` // as hci.hcl's deploy block has it
	Value string `json:"value"`
	From  string `json:"from"`
}

// Names are those of an environment's service, its image and its migration.
// Account, TaskDefinition and Container may be empty: AWS tells then.
type Names struct {
	Region, Profile, Account                string
	Cluster, Service                        string
	TaskDefinition, Container               string // family, and the container whose image is deployed
	Repository                              string
	RegistryAccount, RegistryRegion         string // of the repository; "" for the service's
	ImageTag, Dockerfile, Context, Platform string // paths start from the project's root
	MigrateTask, MigrateContainer           string // family
	MigrateCommand                          []string
	MigrateWhen                             string   // before, after, both
	MigrateAfterCommand                     []string // of the migration after the update; nil for the same as before
	from                                    map[string]string
	tasks                                   []module.Task     // that the code declares
	image                                   module.Container  // as the code gives the container whose image is deployed
	Repositories                            map[string]string // that the code declares: names by address
	services, secrets                       []string          // names that the code declares
	Images                                  []Image           // of hci.hcl's image blocks; none for one image
	Main                                    string            // the one of them that the names are about
	Sharing                                 []string          // other services whose containers run the image that is deployed
	Unnamed                                 []string          // addresses of those whose name is not known
	Others                                  map[string]Names  // of the project's other environments
	AsDeclared                              bool              // the newest revision of a family is run as it is
}

// Missing is a name that neither the Terraform code nor hci.hcl tells.
type Missing struct {
	Key     string
	Why     string
	Choices []string
}

// MissingError lists the names that are not known.
type MissingError struct{ Names []Missing }

func (e *MissingError) Error() string {
	var all []string
	for _, m := range e.Names {
		all = append(all, m.String())
	}
	return strings.Join(all, "; ")
}

// Next says where a name can be said.
func (e *MissingError) Next() string {
	next := fmt.Sprintf("say it in hci.hcl: deploy { %s = \"…\" }", e.Names[0].Key)
	if e.Names[0].Key == "service" && len(e.Names[0].Choices) > 0 {
		next += ", or name it with --service"
	}
	return next
}

// String says what is not known and why.
func (m Missing) String() string {
	text := fmt.Sprintf("%s is not known: %s", strings.ReplaceAll(m.Key, "_", " "), m.Why)
	if len(m.Choices) > 0 {
		text += " (" + strings.Join(m.Choices, ", ") + ")"
	}
	return text
}

// List lists the names that are known, with where they came from, in a fixed
// order.
func (n Names) List() []Name {
	var all []Name
	for _, e := range []struct{ key, value string }{
		{"account", n.Account}, {"region", n.Region}, {"profile", n.Profile}, {"cluster", n.Cluster}, {"service", n.Service},
		{"task_definition", n.TaskDefinition}, {"container", n.Container}, {"repository", n.Repository}, {"image_tag", n.ImageTag},
		{"dockerfile", n.Dockerfile}, {"context", n.Context}, {"platform", n.Platform},
		{"migrate_task", n.MigrateTask}, {"migrate_container", n.MigrateContainer}, {"migrate_command", strings.Join(n.MigrateCommand, " ")}, {"migrate_after_command", strings.Join(n.MigrateAfterCommand, " ")}, {"migrate", n.MigrateWhen},
	} {
		if from := n.from[e.key]; e.value != "" && from != "" {
			all = append(all, Name{Key: e.key, Value: e.value, From: from})
		}
	}
	return all
}

// SetAccount fills in the account, as AWS tells it.
func (n *Names) SetAccount(id, from string) { n.Account, n.from["account"] = id, from }

// PlatformKnown reports whether hci.hcl or the code says which platform the image is for.
func (n Names) PlatformKnown() bool { return n.from["platform"] != defaultPlatform }
