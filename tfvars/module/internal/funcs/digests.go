package funcs

import (
	"crypto/md5"  //nolint:gosec // Terraform has it
	"crypto/sha1" //nolint:gosec // Terraform has it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty/function"
)

// digest is a hash function and how Terraform writes its result.
type digest struct {
	sum  func([]byte) []byte
	text func([]byte) string
}

// digestsByName lists the functions that hash; the same names with "file" in
// front hash a file.
func digestsByName() map[string]digest {
	b64 := base64.StdEncoding.EncodeToString
	sum256 := func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
	sum512 := func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }
	return map[string]digest{
		"md5":          {func(b []byte) []byte { s := md5.Sum(b); return s[:] }, hex.EncodeToString},
		"sha1":         {func(b []byte) []byte { s := sha1.Sum(b); return s[:] }, hex.EncodeToString},
		"sha256":       {sum256, hex.EncodeToString},
		"sha512":       {sum512, hex.EncodeToString},
		"base64sha256": {sum256, b64},
		"base64sha512": {sum512, b64},
	}
}

func digests() map[string]function.Function {
	table := map[string]function.Function{"uuidv5": textFunc(uuidV5, "namespace", "name")}
	for name, d := range digestsByName() {
		table[name] = textFunc(func(a []string) (string, error) { return d.text(d.sum([]byte(a[0]))), nil }, "str")
	}
	return table
}

// uuidV5 derives a UUID from a name: RFC 9562, section 5.5.
func uuidV5(a []string) (string, error) {
	namespaces := map[string]string{
		"dns":  "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
		"url":  "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
		"oid":  "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
		"x500": "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
	}
	space, ok := namespaces[a[0]]
	if !ok {
		space = a[0]
	}
	if len(space) != 36 || space[8] != '-' || space[13] != '-' || space[18] != '-' || space[23] != '-' {
		return "", tellable{"the namespace is neither a known one nor a UUID"}
	}
	id, err := hex.DecodeString(strings.ReplaceAll(space, "-", ""))
	if err != nil || len(id) != 16 {
		return "", tellable{"the namespace is neither a known one nor a UUID"}
	}
	sum := sha1.Sum(append(id, a[1]...))
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:]), nil
}
