package lint

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// secretWord is how the names of secrets end, in any case: db_password,
// STRIPE_API_KEY, clientSecret.
var secretWord = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(password|passwd|passphrase|secret|secret_?key|token|api_?key|private_?key|signing_?key|encryption_?key|secret_?access_?key|credentials?|(^|_)(pwd|pass))[0-9]*$`)
})

// SecretName reports whether the name of a variable, an argument or an
// environment variable says that it holds a secret.
func SecretName(name string) bool {
	return secretWord().MatchString(strings.ReplaceAll(name, "-", "_"))
}

// secretText reports whether a text that stands under the name of a secret can
// be one. A switch, a number, an ARN and the path of a secret elsewhere are not.
func secretText(name, text string) bool {
	text = strings.TrimSpace(text)
	if len(text) < 3 || strings.HasPrefix(text, "arn:") || strings.HasPrefix(text, "/") {
		return false
	}
	if _, err := strconv.ParseBool(text); err == nil {
		return false
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil && !strings.HasSuffix(strings.ToLower(name), "password") {
		return false
	}
	return !strings.HasSuffix(strings.ToLower(name), "secret") || !strings.Contains(text, "/") // DB_SECRET = "prod/db"
}

const (
	shortest = 8  // a shorter value stands in many files by chance
	jumble   = 12 // letters and digits in a row, from which on no name is that long
)

// plainValue are values that stand in files because of what they name: hosts,
// URLs without a password, ARNs, e-mail addresses, regions, dates, paths.
var plainValue = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(` + strings.Join([]string{
		`arn:[a-z-]+:.*`,
		`[a-z]+(-[a-z]+)+-[0-9][a-z]?`,             // eu-central-1, us-gov-east-1a
		`(https?|wss?|tcp|redis)://[^/@\s]+(/.*)?`, // no user information
		`([a-z0-9_-]+\.)+[a-z]{2,12}(:[0-9]+)?`,    // db.example.org:5432
		`[^@:\s]+@([a-z0-9-]+\.)+[a-z]{2,12}`,      // somebody@example.org
		`[0-9.:/ T+-]+`,                            // numbers, dates, addresses
		`(?i:true|false|production|development|localhost|postgres(ql)?|changeme|placeholder)`,
		`(/[a-z0-9_.-]+)+/?`, // paths
	}, "|") + `)$`)
})

// Meaningful reports whether a value may be looked for in files: whether finding
// it means that the secret stands there. This is the rule, for check and for
// whatever looks for values in commits:
//
//  1. A value of fewer than 8 characters is not looked for.
//  2. Nor is one that says what it is: a number, a date, a path, a region, a host, an
//     e-mail address, an ARN, a URL without a password, a word that stands in every
//     project (production, localhost, postgres, changeme), or a text that the
//     name of its own variable contains.
//  3. What is marked sensitive, or whose name ends as the names of secrets do, is
//     looked for.
//  4. Of the rest, only what no person would write as a name: twelve letters and
//     digits mixed without a separator.
func Meaningful(name, value string, sensitive bool) bool {
	value = strings.TrimSpace(value)
	lower := strings.ToLower(value)
	switch {
	case len(value) < shortest, plainValue().MatchString(value), strings.Contains(strings.ToLower(name), lower):
		return false
	case sensitive, SecretName(name):
		return true
	}
	return slices.ContainsFunc(strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune("-_./:@ ", r) }), mixed)
}

func mixed(part string) bool {
	return len(part) >= jumble && strings.IndexFunc(part, unicode.IsDigit) >= 0 && strings.IndexFunc(part, unicode.IsLetter) >= 0
}
