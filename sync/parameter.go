package sync

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// What Systems Manager's Parameter Store accepts.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
// https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
const (
	MaxStandard      = 4096 // bytes of a value in the tier Standard
	MaxAdvanced      = 8192 // and in the others
	MaxParameterName = 1011 // characters, so that the ARN fits
	maxLevels        = 15   // of a name with slashes

	secureString       = "SecureString"
	advanced           = "Advanced"
	intelligentTiering = "Intelligent-Tiering"
)

var (
	parameterChars = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_./-]+$`) })
	reserved       = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^/?(aws|ssm)`) })
	nested         = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{.*\}\}`) })
)

// IsParameter reports whether a change is about a parameter of Systems Manager.
func (c Change) IsParameter() bool {
	return c.Want.Meta.Parameter != nil || c.Held.Facts != nil && c.Held.Facts.Parameter != nil
}

// tier is the one in which a value would be put: that which the parameter is in,
// unless AWS may choose.
func (c Change) tier() string {
	declared := c.Want.Meta.Parameter.Tier
	if f := c.Held.Facts; declared != intelligentTiering && f != nil && f.Parameter != nil && f.Parameter.Tier != "" {
		return f.Parameter.Tier
	}
	return declared
}

// parameterProblems lists what keeps a parameter from being written.
func parameterProblems(c Change, create bool) []string {
	var all []string
	if create {
		all = parameterNameProblems(c.Name)
	}
	value := c.Want.Value.Reveal()
	limit, tier := MaxStandard, c.tier()
	if tier == advanced || tier == intelligentTiering {
		limit = MaxAdvanced
	}
	switch n := len(value); {
	case n == 0:
		all = append(all, "has an empty value, which the Parameter Store can't hold")
	case n > MaxAdvanced:
		all = append(all, fmt.Sprintf("has %d bytes, %d are the limit of a parameter", n, MaxAdvanced))
	case n > limit && c.Want.Meta.Parameter.Tier == advanced:
		all = append(all, fmt.Sprintf("has %d bytes, %d are the limit of the tier it is in; Terraform has not yet moved it to the tier Advanced", n, limit))
	case n > limit:
		all = append(all, fmt.Sprintf("has %d bytes, %d are the limit of the tier Standard; tier = \"Advanced\" holds %d", n, limit, MaxAdvanced))
	}
	if !utf8.ValidString(value) {
		all = append(all, "is not valid UTF-8")
	}
	if nested().MatchString(value) {
		all = append(all, "holds {{…}}, which the Parameter Store takes for a reference and refuses")
	}
	return all
}

func parameterNameProblems(name string) []string {
	var all []string
	if !parameterChars().MatchString(name) {
		all = append(all, "has a name with other characters than ASCII letters, digits and _.-/")
	}
	if n := utf8.RuneCountInString(name); n > MaxParameterName {
		all = append(all, fmt.Sprintf("has a name of %d characters, %d are the limit", n, MaxParameterName))
	}
	if strings.Contains(name, "/") && !strings.HasPrefix(name, "/") {
		all = append(all, "has a name with a slash that does not begin with one")
	}
	if strings.HasSuffix(name, "/") || strings.Contains(name, "//") {
		all = append(all, "has a name with an empty level")
	}
	if strings.Count(name, "/") > maxLevels {
		all = append(all, fmt.Sprintf("has a name of more than %d levels", maxLevels))
	}
	if reserved().MatchString(name) {
		all = append(all, "has a name that begins with aws or ssm, which AWS keeps for itself")
	}
	return all
}
