package lint

import (
	"bytes"
	"io"
	"io/fs"
)

// Tracked is the finding that git tracks a plaintext secrets file.
func Tracked(name string) Finding {
	return breaks(PlaintextTracked, name, 1, "git tracks this plaintext secrets file")
}

// AsText is the finding that git may convert the line ends of a sealed file.
func AsText(name string) Finding {
	return breaks(SealedAsText, name, 1, "nothing tells git that this file is binary")
}

// Binary returns those of the sealed files that are not base64, which may be
// converted.
func Binary(fsys fs.FS, sealed []string) []string {
	var all []string
	for _, name := range sealed {
		f, err := fsys.Open(name)
		if err != nil {
			continue // deleted in the work tree
		}
		begin := make([]byte, 8)
		n, _ := io.ReadFull(f, begin)
		_ = f.Close()
		if !bytes.HasPrefix(begin[:n], []byte("U2FsdGVk")) { // "Salted" in base64
			all = append(all, name)
		}
	}
	return all
}
