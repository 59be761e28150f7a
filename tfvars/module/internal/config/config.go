// Package config reads the files of one Terraform module into the blocks that
// matter to hci, without evaluating anything.
//
// It follows Terraform's own rules: every *.tf and *.tf.json in the directory
// is read, editors' leftovers are not, override files are merged last and in
// order of their names (https://developer.hashicorp.com/terraform/language/files/override).
// Blocks that say nothing about secrets (terraform, moved, check and so on) are
// passed over, so that a newer Terraform's blocks do not stop hci.
//
// Diagnostics are hcl's own, whose details may quote source text and must not be
// shown, or those of [Problem] and [Warning].
package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
)

// Module is what one directory declares.
type Module struct {
	Dir       string // in the file system it was read from; "." is its root
	Variables map[string]*Variable
	Locals    map[string]*Value
	Outputs   map[string]*Value
	Resources map[string]*Resource // by "aws_db_instance.main", "data.aws_region.here"
	Calls     map[string]*Call
	Providers map[string]*Provider // by "aws", "aws.alias"
	// Functions holds the names of the functions of providers ("provider::…")
	// that the module's files may call.
	Functions map[string]bool
	// Forgotten are the removed blocks that keep what they are about.
	Forgotten []Forgotten
	// Files are the files themselves, in the order in which they were read.
	Files []*hcl.File
}

// Forgotten is a removed block with destroy = false: what it names stays, and
// the code doesn't declare it any more.
type Forgotten struct {
	Type  string // of a resource; "module" for a module
	Range hcl.Range
}

// Variable is one variable block.
type Variable struct {
	Name        string
	Type        cty.Type // with its optional attributes
	Defaults    *typeexpr.Defaults
	Default     cty.Value // cty.NilVal without one
	Description string
	Sensitive   bool
	Ephemeral   bool
	Nullable    bool
	Validations []Validation
	Range       hcl.Range
}

// Validation is one validation block of a variable.
type Validation struct {
	Condition hcl.Expression
	Message   hcl.Expression
}

// Value is a local value or an output: a name and an expression.
type Value struct {
	Name  string
	Expr  hcl.Expression
	Range hcl.Range
}

// Resource is one resource, data or ephemeral block.
type Resource struct {
	Mode     Mode
	Type     string
	Name     string
	Count    hcl.Expression // nil without
	ForEach  hcl.Expression
	Provider string // "" is the type's default; else "aws", "aws.alias"
	// ProviderKey tells which instance of a provider with for_each; nil without.
	ProviderKey hcl.Expression
	// Attrs holds the arguments that hci reads from resources of this type;
	// see [Arguments] and [Written].
	Attrs map[string]hcl.Expression
	// IgnoreChanges lists the attributes of lifecycle's ignore_changes;
	// IgnoreAll is its "all".
	IgnoreChanges []string
	IgnoreAll     bool
	// IgnorePaths are the same with what follows the first step, without indexes:
	// "ecs_target.task_definition_arn".
	IgnorePaths []string
	// Replicas counts the replica blocks of a secret; DynamicReplicas tells that
	// there is a dynamic one. See [ReplicaRegion].
	Replicas        int
	DynamicReplicas bool
	// Restored tells that a database begins as another one, by a block.
	Restored bool
	Range    hcl.Range
}

// Mode tells the kinds of resource blocks apart.
type Mode int

// The modes.
const (
	Managed Mode = iota
	Data
	Ephemeral
)

// Key returns the resource's address in its module.
func (r *Resource) Key() string { return r.Mode.Prefix() + r.Type + "." + r.Name }

// Prefix returns what precedes a resource's type in its address.
func (m Mode) Prefix() string {
	switch m {
	case Data:
		return "data."
	case Ephemeral:
		return "ephemeral."
	default:
		return ""
	}
}

// Call is one module block.
type Call struct {
	Name    string
	Source  string // as written
	Count   hcl.Expression
	ForEach hcl.Expression
	Inputs  map[string]hcl.Expression
	// Providers maps the child's names of providers to this module's.
	Providers map[string]string
	Range     hcl.Range
	// Module is what the source holds; nil if it was not read, for the reason in
	// Unread.
	Module *Module
	Unread string
}

// Arguments returns the arguments that are read from the resources of a type,
// nil for types that hci knows nothing about.
func Arguments(mode Mode, typ string) []string {
	switch mode.Prefix() + typ {
	case "aws_secretsmanager_secret":
		return []string{
			"name", "name_prefix", "description", "kms_key_id", "policy", "region",
			"recovery_window_in_days", "force_overwrite_replica_secret", "tags",
		}
	case "aws_secretsmanager_secret_version":
		return []string{
			"secret_id", "secret_string", "secret_binary", "secret_string_wo", "secret_binary_wo",
			"secret_string_wo_version", "secret_binary_wo_version", "version_stages", "region",
		}
	case "aws_secretsmanager_secret_rotation":
		return []string{"secret_id", "rotation_lambda_arn", "region"}
	case "aws_secretsmanager_secret_policy":
		return []string{"secret_arn", "policy", "region"}
	case "aws_ssm_parameter":
		return []string{
			"name", "type", "value", "insecure_value", "value_wo", "value_wo_version", "description", "key_id", "tier",
			"data_type", "allowed_pattern", "overwrite", "region", "tags",
		}
	case "data.aws_secretsmanager_secret":
		return []string{"name", "arn", "region"}
	case "data.aws_secretsmanager_secret_version", "ephemeral.aws_secretsmanager_secret_version":
		return []string{"secret_id", "region"}
	case "awscc_secretsmanager_secret":
		return []string{"name"}
	case "aws_ecs_service":
		return []string{"name", "cluster", "task_definition"}
	case "aws_ecs_task_definition":
		return []string{"family", "container_definitions", "task_role_arn", "execution_role_arn"}
	case "aws_ecs_cluster":
		return []string{"name"}
	case "aws_cloudwatch_event_target":
		return []string{"rule", "event_bus_name", "target_id"}
	case "aws_scheduler_schedule":
		return []string{"name", "group_name"}
	case "aws_ecr_repository":
		return []string{"name", "image_tag_mutability"}
	case "data.aws_ecr_repository":
		return []string{"name", "registry_id"}
	case "terraform_data":
		return []string{"input", "triggers_replace"}
	default:
		return nil
	}
}
