package sealed

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"hci/crypto"
	"hci/tfvars"
)

// Kind is what a file is that lies in the place of a sealed file.
type Kind int

// The kinds of files. Sealed is what belongs there, or can't be told from it.
const (
	Sealed Kind = iota
	Empty
	SOPS
	GitCrypt
	GPG
	AnsibleVault
	Age
	LFSPointer
	Conflict
	LineEnds
	Encoding
	Plaintext
	VaultTransit
	CMS
	Archive
	WebPage
	Text
	Newline
)

// kinds say, of each kind, what it is and what to do about it. %s is the file.
var kinds = map[Kind]struct{ what, next string }{
	Empty:        {"is empty", "'git log -- %s' shows when it was written; restore it with 'git checkout COMMIT -- %[1]s'"},
	SOPS:         {"is a file of SOPS", "decrypt it with 'sops decrypt' into the plaintext, then run 'hci secrets encrypt'"},
	GitCrypt:     {"is encrypted by git-crypt", "'git-crypt unlock' decrypts it; seal what it holds with 'hci secrets encrypt'"},
	GPG:          {"is a file of GPG", "decrypt it with 'gpg --decrypt %s' into the plaintext, then run 'hci secrets encrypt'"},
	AnsibleVault: {"is a file of ansible-vault", "decrypt it with 'ansible-vault view %s' into the plaintext, then run 'hci secrets encrypt'"},
	Age:          {"is a file of age", "decrypt it with 'age --decrypt %s' into the plaintext, then run 'hci secrets encrypt'"},
	LFSPointer:   {"is a pointer of Git LFS, not the file itself", "'git lfs pull' fetches the file"},
	Conflict:     {"has git's conflict markers in it", "take one side with 'git checkout --ours %s' or '--theirs', or merge both anew with 'hci secrets merge'"},
	LineEnds:     {"was altered: its line ends were converted", "write '*.enc binary' into .gitattributes, then restore it with 'git checkout HEAD -- %s'"},
	Encoding:     {"was altered: it was converted to another text encoding", "write '*.enc binary' into .gitattributes, then restore it with 'git checkout HEAD -- %s'"},
	Plaintext:    {"is not sealed: it holds variables in the clear", "if git has it, replace every value in it; move it to the plaintext's name, then run 'hci secrets encrypt'"},
	VaultTransit: {"is a ciphertext of Vault's transit engine", "decrypt it with 'vault write transit/decrypt/KEY' into the plaintext, then run 'hci secrets encrypt'"},
	CMS:          {"is a CMS or PKCS#7 message", "decrypt it with 'openssl cms -decrypt' into the plaintext, then run 'hci secrets encrypt'"},
	Archive:      {"is an archive", "unpack it; seal the var file in it with 'hci secrets encrypt'"},
	WebPage:      {"is a web page", "it was downloaded from the wrong address: fetch the file itself"},
	Newline:      {"was altered: a line end was appended, as editors and 'echo' do", "restore it with 'git checkout HEAD -- %s'; open it with 'hci secrets edit' only"},
	Text:         {"is text, not a sealed file", "'git log -- %s' shows where it comes from"},
}

// KindError says that another file lies in the place of a sealed file.
type KindError struct {
	Path string
	Kind Kind
}

func (e *KindError) Error() string { return fmt.Sprintf("%s %s", e.Path, kinds[e.Kind].what) }

// Unwrap makes it a [crypto.ErrNotOpenSSL], or of an empty file a
// [crypto.ErrTruncated].
func (e *KindError) Unwrap() error {
	if e.Kind == Empty {
		return crypto.ErrTruncated
	}
	return crypto.ErrNotOpenSSL
}

// Next is what to do about a file of the kind.
func (e *KindError) Next() string {
	next := kinds[e.Kind].next
	if !bytes.Contains([]byte(next), []byte("%")) {
		return next
	}
	return fmt.Sprintf(next, e.Path)
}

// beginnings are the first bytes of other programs' files.
//
// Sources: git-crypt's README and commands.cpp; RFC 9580 for PGP; Ansible's
// documentation of the vault format; age-encryption.org/v1; the specification
// of Git LFS; RFC 7468 for PEM labels; APPNOTE.TXT for ZIP, RFC 1952 for gzip.
var beginnings = []struct {
	bytes string
	kind  Kind
}{
	{"\x00GITCRYPT\x00", GitCrypt},
	{"-----BEGIN PGP MESSAGE-----", GPG},
	{"$ANSIBLE_VAULT;", AnsibleVault},
	{"age-encryption.org/v1", Age},
	{"-----BEGIN AGE ENCRYPTED FILE-----", Age},
	{"version https://git-lfs.github.com/spec/", LFSPointer},
	{"<<<<<<< ", Conflict},
	{"vault:v", VaultTransit},
	{"-----BEGIN PKCS7-----", CMS},
	{"-----BEGIN CMS-----", CMS},
	{"PK\x03\x04", Archive},
	{"\x1f\x8b\x08", Archive},
	{"<!DOCTYPE ", WebPage},
	{"<!doctype ", WebPage},
	{"<html", WebPage},
}

// The beginnings of a sealed file, in its two encodings.
const (
	magic       = "Salted__"
	magicBase64 = "U2FsdGVkX1"
)

// KindOf tells what the bytes in the place of a sealed file are. What it does
// not recognize is taken for a sealed file: a file without a salt has no
// beginning of its own.
func KindOf(data []byte) Kind {
	if len(bytes.TrimSpace(data)) == 0 {
		return Empty
	}
	for _, b := range beginnings {
		if bytes.HasPrefix(data, []byte(b.bytes)) {
			return b.kind
		}
	}
	switch {
	case bytes.HasPrefix(data, []byte(magic)):
		return altered(data[len(magic):])
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf"+magic)), bytes.HasPrefix(data, []byte("\xef\xbb\xbf"+magicBase64)), isUTF16(data):
		return Encoding
	case bytes.Contains(data, []byte("\n<<<<<<< ")) && bytes.Contains(data, []byte("\n>>>>>>> ")):
		return Conflict
	case bytes.HasPrefix(data, []byte(magicBase64)):
		return Sealed
	case isGPG(data):
		return GPG
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return Sealed
	}
	return textKind(data)
}

// textKind tells what a text is.
func textKind(data []byte) Kind {
	for _, mark := range []string{"ENC[AES256_GCM,", "\"sops\":", "\nsops:", "\nsops_version="} {
		if bytes.Contains(data, []byte(mark)) {
			return SOPS
		}
	}
	for _, name := range []string{"f.tfvars", "f.tfvars.json"} {
		if file, err := tfvars.Parse(data, name); err == nil && len(file.Names()) > 0 {
			return Plaintext
		}
	}
	if bytes.ContainsAny(data, " \t") { // base64, which a file without a salt can be, has none
		return Text
	}
	return Sealed
}

// unlikely is a length from which bytes that are one of 2³² or fewer show that
// they were altered.
const unlikely = 64

// altered tells what was done to the ciphertext after the magic. It looks
// random: text never comes of it by chance, nor a CR before each of several LF.
func altered(body []byte) Kind {
	if len(body) < unlikely {
		return appended(body)
	}
	if utf8.Valid(body) || bytes.Count(body, []byte("\xef\xbf\xbd")) > 2 {
		return Encoding
	}
	breaks := bytes.Count(body, []byte("\n"))
	if breaks > 1 && breaks == bytes.Count(body, []byte("\r\n")) && len(body)%16 != 8 {
		return LineEnds
	}
	return appended(body)
}

// appended tells whether a line end follows the last whole block.
func appended(body []byte) Kind {
	const block, salt = 16, 8
	switch extra := (len(body) - salt) % block; {
	case extra == 1 && bytes.HasSuffix(body, []byte("\n")), extra == 2 && bytes.HasSuffix(body, []byte("\r\n")):
		return Newline
	}
	return Sealed
}

// isUTF16 reports whether a sealed file was written as UTF-16, as a shell of
// Windows does with '>'.
func isUTF16(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xff\xfe")) && bytes.HasPrefix(bytes.ReplaceAll(data[2:], []byte{0}, nil), []byte(magicBase64))
}

// isGPG reports whether the first packet is of a binary OpenPGP message: a
// session key that is encrypted to a public key (version 3 or 6), or by a
// passphrase (version 4, 5 or 6).
//
// https://www.rfc-editor.org/rfc/rfc9580#section-5
func isGPG(data []byte) bool {
	const short = 4
	if len(data) < short {
		return false
	}
	var version byte
	switch data[0] {
	case 0x84, 0x8c, 0xc1, 0xc3: // one byte of length
		version = data[2]
	case 0x85: // two bytes of length
		version = data[3]
	default:
		return false
	}
	if data[0] == 0x8c || data[0] == 0xc3 {
		return version >= 4 && version <= 6 && data[1] < 64
	}
	return (version == 3 || version == 6) && len(data) > 100
}
