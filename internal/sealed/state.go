package sealed

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"

	"hci/internal/atomicfile"
	"hci/internal/ownership"
)

// memory is what is remembered of one sealed file. It holds no secret: the
// digest is of ciphertext.
type memory struct {
	Path string `json:"path"`
	Base string `json:"base"` // SHA-256 of the sealed file that the plaintext was made from, in hex
}

// digest is the SHA-256 of a sealed file, in hex.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// memoryPath names the state file of this sealed file.
func (f Files) memoryPath() string {
	return filepath.Join(f.StateDir, "base-"+digest([]byte(f.Sealed))[:16]+".json")
}

// base returns the digest of the sealed file that the plaintext was last made
// from or sealed into; "" when nothing is remembered.
func (f Files) base() string {
	data, err := atomicfile.Read(f.memoryPath(), 1<<16)
	if err != nil {
		return ""
	}
	var m memory
	if json.Unmarshal(data, &m) != nil || m.Path != f.Sealed {
		return ""
	}
	return m.Base
}

// remember records that plaintext and sealed file agree now. A failure is
// no more than a note: without a true memory, [Files.Encrypt] refuses more,
// never less.
func (f Files) remember(data []byte) (notes []string) {
	if f.base() == digest(data) {
		return nil
	}
	if err := f.writeMemory(memory{Path: f.Sealed, Base: digest(data)}); err != nil {
		return []string{fmt.Sprintf("could not remember what %s was made from: %v", f.Plain, err)}
	}
	return nil
}

func (f Files) writeMemory(m memory) error {
	if err := ownership.MakePrivate(f.StateDir); err != nil {
		return err
	}
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return atomicfile.Write(f.memoryPath(), append(data, '\n'), atomicfile.Options{})
}

// lock keeps other hci processes from the project's secrets files until
// unlock is called.
func (f Files) lock() (unlock func(), err error) {
	if err := ownership.MakePrivate(f.StateDir); err != nil {
		return nil, err
	}
	return atomicfile.Lock(filepath.Join(f.StateDir, "lock"))
}
