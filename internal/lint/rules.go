package lint

// Rule is a kind of finding.
type Rule struct {
	ID       string // stable, for scripts
	Severity Severity
	Short    string // what is wrong
	Why      string // why it matters
	Fix      string // what to do
}

// as is the rule with another severity.
func (r Rule) as(s Severity) Rule {
	r.Severity = s
	return r
}

// Severity of a finding.
type Severity string

const (
	Problem Severity = "problem" // something is wrong
	Warning Severity = "warning" // something could be better, or is not known
)

// The rules on Terraform code.
var (
	SensitiveEnvironment = Rule{
		"sensitive-in-environment", Problem,
		"a secret in a container's plain environment",
		"whoever may describe the task definition reads it, and it stays in every revision",
		"move it to the container's \"secrets\", with valueFrom = the ARN of a secret",
	}
	SensitiveFunction = Rule{
		"sensitive-in-function", Problem,
		"a secret in a Lambda function's environment",
		"whoever may read the function's configuration reads it, and every published version keeps it",
		"pass the secret's ARN instead, let the function read the value when it starts, and grant its role secretsmanager:GetSecretValue",
	}
	PasswordInCode = Rule{
		"password-in-code", Problem,
		"a password that stands in the Terraform code",
		"everybody who ever gets the repository reads it, in every later version too",
		"set it for each environment with 'hci secrets set' and take it from that variable, in a container through its \"secrets\"; change it, because git keeps the old one",
	}
	NotGranted = Rule{
		"secret-not-granted", Problem,
		"a container's secret that no policy grants",
		"ECS can't read it, and the task does not start",
		"grant secretsmanager:GetSecretValue, or ssm:GetParameters for a parameter, on its ARN to the task's execution role",
	}
	Unused = Rule{
		"secret-unused", Warning,
		"a secret that nothing in the repository is seen to read",
		"if nothing else reads it either, it costs money, is forgotten when values are changed, and leaks like any other",
		"find out who reads it; where it is the app by its name, grant it to the app's role in the code; where it is nobody, remove it",
	}
	NoSuchKey = Rule{
		"json-key-missing", Problem,
		"a valueFrom that names a JSON key the secret does not have",
		"ECS can't resolve it, and the task does not start",
		"add the key to the secret, or correct valueFrom",
	}
	SensitiveDefault = Rule{
		"sensitive-default", Problem,
		"a sensitive variable with a default",
		"the default stands in git in the clear, and is used in silence where no value is set",
		"remove the default; give each environment its value with 'hci secrets set'",
	}
)

// The rules on what git tracks.
var (
	InTrackedFile = Rule{
		"secret-in-tracked-file", Problem,
		"a secret value in a file that git tracks",
		"everybody who ever gets the repository reads it, in every later version too",
		"remove it there, and change the secret: git keeps the old versions",
	}
	PlaintextTracked = Rule{
		"plaintext-tracked", Problem,
		"a plaintext secrets file that git tracks",
		"its values are, or will be, in the history",
		"'git rm --cached' it, put *_secrets.tfvars into .gitignore, and change the secrets: git keeps the old versions",
	}
	SealedAsText = Rule{
		"sealed-as-text", Warning,
		"a sealed file that git may take for text",
		"git converts line ends in what it takes for text, and one changed byte makes the file unreadable",
		"put the line '*.enc binary' into .gitattributes",
	}
)

// The rules on sealed files.
var (
	NotSealed           = Rule{ID: "not-sealed", Severity: Problem, Short: "an environment with a plaintext file and no sealed one"}
	WeakDerivation      = Rule{ID: "weak-derivation", Severity: Warning, Short: "a key derivation that makes guessing passphrases fast"}
	NoSalt              = Rule{ID: "no-salt", Severity: Warning, Short: "a sealed file without a salt"}
	NotAuthenticated    = Rule{ID: "not-authenticated", Severity: Warning, Short: "a sealed file that openssl itself sealed, or somebody altered"}
	PlaintextUnreadable = Rule{ID: "plaintext-unreadable", Severity: Problem, Short: "a plaintext file that can't be read"}
	AnotherEnvironment  = Rule{ID: "another-environment", Severity: Problem, Short: "a sealed file that lies in the place of another environment's"}
	NotBound            = Rule{ID: "not-bound", Severity: Problem, Short: "a sealed file that was bound to its environment and is not any more"}
	Weakened            = Rule{ID: "weakened", Severity: Problem, Short: "a sealed file whose key derivation is weaker than it was, or than hci.hcl declares"}
	PlaintextReadable   = Rule{ID: "plaintext-readable", Severity: Problem, Short: "a plaintext file that other users of the machine may read"}
	PlaintextDiffers    = Rule{ID: "plaintext-differs", Severity: Warning, Short: "a plaintext file that holds something else than the sealed one"}
	PlaintextNotIgnored = Rule{ID: "plaintext-not-ignored", Severity: Problem, Short: "a plaintext file that git does not ignore"}
	NoTerraform         = Rule{ID: "no-terraform", Severity: Warning, Short: "no Terraform directory to compare the names with"}
	TerraformUnreadable = Rule{ID: "terraform-unreadable", Severity: Problem, Short: "Terraform code that can't be read"}
	Undeclared          = Rule{ID: "undeclared", Severity: Problem, Short: "a name in the sealed file that no variable declares"}
	VarFiles            = Rule{ID: "var-files", Severity: Problem, Short: "a var file that can't be read"}
	Invalid             = Rule{ID: "invalid", Severity: Problem, Short: "Terraform code that can't be evaluated for the environment"}
	SharedSecret        = Rule{ID: "shared-secret", Severity: Problem, Short: "a secret in AWS that two environments declare"}
	Unset               = Rule{ID: "unset", Severity: Problem, Short: "a sensitive variable without a value"}
)

// CheckRules are the rules of check, in the order in which they are documented.
var CheckRules = []Rule{
	SensitiveEnvironment, SensitiveFunction, PasswordInCode, NotGranted, Unused, NoSuchKey, SensitiveDefault,
	InTrackedFile, PlaintextTracked, SealedAsText,
}

// VerifyRules are the rules of verify.
var VerifyRules = []Rule{
	NotSealed, WeakDerivation, NoSalt, NotAuthenticated, AnotherEnvironment, NotBound, Weakened, PlaintextReadable, PlaintextUnreadable, PlaintextDiffers, PlaintextTracked,
	PlaintextNotIgnored, NoTerraform, TerraformUnreadable, Undeclared, VarFiles, Invalid, SharedSecret, Unset,
}
