package lint

import (
	"path"
	"strings"

	"hci/crypto"
	"hci/internal/sealed"
)

// The rules on what a commit adds.
var (
	PlaintextCommitted = Rule{
		"plaintext-committed", Problem,
		"a plaintext secrets file in a commit",
		"its values stay in the history, also if a later commit removes the file",
		"'git rm --cached' it, put it into .gitignore, and change the secrets if the commit was pushed",
	}
	DotenvCommitted = Rule{
		"dotenv-committed", Problem,
		"a .env file in a commit",
		"its values stay in the history, also if a later commit removes the file",
		"'git rm --cached' it, put .env into .gitignore, and change the secrets if the commit was pushed",
	}
	ValueCommitted = Rule{
		"secret-in-commit", Problem,
		"a secret value in a commit",
		"everybody who ever gets the repository reads it, in every later version too",
		"take it out of the file before the commit; if it was pushed, change the secret",
	}
	SealedDamaged = Rule{
		"sealed-damaged", Problem,
		"a sealed file in a commit that is none",
		"nobody can open it, and a plaintext in its place is public",
		"restore it with 'git checkout HEAD -- FILE', or seal it with 'hci secrets encrypt'",
	}
)

// GuardRules are the rules of the guard.
var GuardRules = []Rule{PlaintextCommitted, DotenvCommitted, ValueCommitted, SealedDamaged, NotAuthenticated}

// Guard looks at versions of files that a commit adds or changes.
type Guard struct {
	Plain  map[string]string // the plaintext files, by path, and their environments
	Sealed map[string]string // the sealed files, likewise
	// Opens says what is wrong with a version of an environment's sealed file,
	// nil for nothing. before is git's name of the version that it follows.
	Opens func(env string, sealed []byte, before string) *Finding

	scan *scanner
}

// NewGuard returns a guard that looks for values.
func NewGuard(needles []Needle) *Guard {
	return &Guard{Plain: map[string]string{}, Sealed: map[string]string{}, scan: newScanner(needles)}
}

// Look returns what is wrong with a version of a file, by its path.
func (g *Guard) Look(file string, data []byte, before string) []Finding {
	if env, ok := g.Sealed[file]; ok {
		return g.damaged(env, file, data, before)
	}
	if plaintext(file) || g.Plain[file] != "" {
		return []Finding{breaks(PlaintextCommitted, file, 1, "%s is a plaintext secrets file", file)}
	}
	if dotenv(file) {
		return []Finding{breaks(DotenvCommitted, file, 1, "%s is a .env file", file)}
	}
	var all []Finding
	for line, names := range g.scan.find(data) {
		all = append(all, breaks(ValueCommitted, file, line, "the value of %s stands here", strings.Join(names, ", ")))
	}
	return all
}

func (g *Guard) damaged(env, file string, data []byte, before string) []Finding {
	if kind := sealed.KindOf(data); kind != sealed.Sealed {
		err := &sealed.KindError{Path: file, Kind: kind}
		f := breaks(SealedDamaged, file, 1, "%v", err)
		f.Next = err.Next()
		return []Finding{f}
	}
	if _, _, err := crypto.Inspect(data); err != nil {
		return []Finding{breaks(SealedDamaged, file, 1, "%s is not a file of openssl enc", file)}
	}
	if g.Opens == nil {
		return nil
	}
	if f := g.Opens(env, data, before); f != nil {
		f.File, f.Line = file, 1
		return []Finding{*f}
	}
	return nil
}

// plaintext reports whether a file's name is that of a plaintext secrets file,
// whichever environments the project has.
func plaintext(file string) bool {
	base := path.Base(file)
	for _, end := range []string{"secrets.tfvars", "secret.tfvars", "secrets.tfvars.json", "secret.tfvars.json"} {
		if strings.HasSuffix(base, end) {
			return true
		}
	}
	return false
}

// dotenv reports whether a file is a .env file. Templates hold no secrets.
func dotenv(file string) bool {
	base := path.Base(file)
	if base != ".env" && !strings.HasPrefix(base, ".env.") {
		return false
	}
	for _, end := range []string{".template", ".example", ".sample", ".dist", ".defaults", ".enc"} {
		if strings.HasSuffix(base, end) {
			return false
		}
	}
	return true
}
