package reader

import (
	"regexp"
	"strings"
	"sync"
)

// gitlabVariable is what GitLab replaces in the values of a dotenv report.
//
// https://docs.gitlab.com/ci/variables/where_variables_can_be_used/
var gitlabVariable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$|%%|%[A-Za-z_][A-Za-z0-9_]*%`) })

// GitLab reads a value of a dotenv report of GitLab CI
// (app/services/ci/parse_dotenv_artifact_service.rb): the rest of the line
// without blanks at its edges, quotes and all, in which jobs later replace
// variables.
func GitLab(s string) (string, int, string) {
	v := restOfLine(s)
	switch {
	case strings.Trim(v, " \t\v\f\r\x00") != v:
		return "", 0, "there are blanks at the edge of the value, which GitLab takes away"
	case gitlabVariable().MatchString(v):
		return "", 0, Expands
	}
	return v, len(v), ""
}
