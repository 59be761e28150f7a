package localsm

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hci/sync/secret"
)

// What the Parameter Store takes.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
const (
	maxStandard       = 4096
	maxAdvanced       = 8192
	maxParameterName  = 1011
	maxLevels         = 15
	maxParameterText  = 1024 // of a description, a pattern
	maxParameterLabel = 100
	labelsOfVersion   = 10

	typeString, typeList, typeSecure            = "String", "StringList", "SecureString"
	tierStandard, tierAdvanced, tierIntelligent = "Standard", "Advanced", "Intelligent-Tiering"

	defaultParameterKey = "alias/aws/ssm"
)

// The Parameter Store's own exceptions.
const (
	parameterNotFound        = "ParameterNotFound"
	parameterVersionNotFound = "ParameterVersionNotFound"
	parameterExists          = "ParameterAlreadyExists"
	patternMismatch          = "ParameterPatternMismatchException"
	invalidPattern           = "InvalidAllowedPatternException"
	typeMismatch             = "HierarchyTypeMismatchException"
	levelLimit               = "HierarchyLevelLimitExceededException"
	versionLimit             = "ParameterMaxVersionLimitExceeded"
	labelLimit               = "ParameterVersionLabelLimitExceeded"
	invalidResourceID        = "InvalidResourceId"
)

// parameter is one parameter with the versions that are kept, the oldest first.
type parameter struct {
	name     string
	arn      string
	seq      int
	tags     []tag
	versions []*parameterVersion
}

// parameterVersion is a version: everything but the tags is a version's own.
type parameterVersion struct {
	number      int
	typ, tier   string
	value       secret.Value
	sealed      string // what is answered without decryption
	key         string
	description string
	pattern     string
	dataType    string
	labels      []string
	changed     time.Time
}

func (p *parameter) current() *parameterVersion { return p.versions[len(p.versions)-1] }

// parameterOperation returns what an operation's name asks for, or nil.
func parameterOperation(name string) func(*call) (any, *fault) {
	switch name {
	case "AddTagsToResource":
		return (*call).addTagsToResource
	case "DeleteParameter":
		return (*call).deleteParameter
	case "DeleteParameters":
		return (*call).deleteParameters
	case "DescribeParameters":
		return (*call).describeParameters
	case "GetParameter":
		return (*call).getParameter
	case "GetParameterHistory":
		return (*call).getParameterHistory
	case "GetParameters":
		return (*call).getParameters
	case "GetParametersByPath":
		return (*call).getParametersByPath
	case "LabelParameterVersion":
		return (*call).labelParameterVersion
	case "ListTagsForResource":
		return (*call).listTagsForResource
	case "PutParameter":
		return (*call).putParameter
	case "RemoveTagsFromResource":
		return (*call).removeTagsFromResource
	}
	return nil
}

// parameterARN is a parameter's ARN, in which a name's first slash is not
// written twice.
func (s *Server) parameterARN(name string) string {
	return fmt.Sprintf("arn:%s:ssm:%s:%s:parameter/%s", partition(s.o.Region), s.o.Region, s.o.AccountID, strings.TrimPrefix(name, "/"))
}

// findParameter looks a parameter up by its name or ARN, and a version by the
// number or label after a colon.
func (s *Server) findParameter(asked string) (p *parameter, v *parameterVersion, selector string) {
	name := asked
	if rest, ours := strings.CutPrefix(asked, s.parameterARN("")); ours {
		name = rest
		if bare, _, _ := strings.Cut(rest, ":"); s.parameters[bare] == nil {
			name = "/" + rest
		}
	}
	name, selector, _ = strings.Cut(name, ":")
	if p = s.parameters[name]; p == nil {
		return nil, nil, selector
	}
	if selector == "" {
		return p, p.current(), ""
	}
	n, err := strconv.Atoi(selector)
	for _, one := range p.versions {
		if err == nil && one.number == n || err != nil && slices.Contains(one.labels, selector) {
			v = one
		}
	}
	return p, v, ":" + selector
}

var (
	parameterName  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_./-]+$`) })
	reservedName   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^/?(aws|ssm)`) })
	nestedValue    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)\{\{.*\}\}`) })
	parameterLabel = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_.-][A-Za-z0-9_.-]*$`) })
)

func checkParameterName(name string) *fault {
	switch {
	case reservedName().MatchString(name):
		return fail(validation, `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`)
	case !parameterName().MatchString(name), strings.HasSuffix(name, "/"), strings.Contains(name, "//"):
		return fail(validation, "Parameter name: can consist of letters, numbers and the symbols .-_, in sub-paths divided by slashes.")
	case strings.Contains(name, "/") && !strings.HasPrefix(name, "/"):
		return fail(validation, "Parameter name must be a fully qualified name.")
	case strings.Count(name, "/") > maxLevels:
		return fail(levelLimit, "A hierarchy can have a maximum of %d levels.", maxLevels)
	}
	return nil
}

// checkParameter applies the rules on a version's value.
func checkParameter(v *parameterVersion) *fault {
	n := v.value.Len()
	switch {
	case n == 0:
		return fail(validation, "1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case nestedValue().MatchString(v.value.Reveal()):
		return fail(validation, "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.")
	case n > maxAdvanced:
		return fail(validation, "Advanced tier parameters support a maximum parameter value of %d characters.", maxAdvanced)
	case n > maxStandard && v.tier == tierStandard:
		return fail(validation, "Standard tier parameters support a maximum parameter value of %d characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.", maxStandard)
	}
	if v.pattern == "" {
		return nil
	}
	pattern, err := regexp.Compile("^(?:" + v.pattern + ")$")
	if err != nil {
		return fail(invalidPattern, "The request doesn't meet the regular expression requirement.")
	}
	if !pattern.MatchString(v.value.Reveal()) {
		return fail(patternMismatch, "Parameter value, cannot be validated against allowedPattern: %s", v.pattern)
	}
	return nil
}

// add makes a version the current one. The oldest is dropped beyond a hundred,
// unless it has a label.
func (p *parameter) add(v *parameterVersion, now time.Time) *fault {
	if len(p.versions) >= maxVersions {
		if len(p.versions[0].labels) > 0 {
			return fail(versionLimit, "You attempted to create a new version of %s by calling the PutParameter API with the overwrite flag. Version %d, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.", p.name, p.versions[0].number)
		}
		p.versions = p.versions[1:]
	}
	v.number, v.changed, v.sealed = 1, now, newUUID()
	if len(p.versions) > 0 {
		v.number = p.current().number + 1
	}
	p.versions = append(p.versions, v)
	return nil
}
