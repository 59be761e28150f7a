package docker

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func archived(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestLayers: a value is found in every form in which Docker saves layers, wherever
// it lies in a file.
func TestLayers(t *testing.T) {
	const value = "s3cr3t-of-staging"
	const overlap = 64
	long := bytes.Repeat([]byte("x"), 3*pieceSize)
	at := func(offset int) []byte { return slices.Concat(long[:offset], []byte(value), long[offset:]) }
	for _, c := range []struct {
		name  string
		files map[string][]byte
		hits  []string
	}{
		{"a plain layer", map[string][]byte{"blobs/sha256/1": archived(t, map[string][]byte{"app/.env": []byte("A=" + value)})}, []string{"app/.env"}},
		{"a zipped layer", map[string][]byte{"blobs/sha256/1": zipped(t, archived(t, map[string][]byte{"app/.env": []byte("A=" + value)}))}, []string{"app/.env"}},
		{"the older form", map[string][]byte{"1a/layer.tar": archived(t, map[string][]byte{"app/.env": []byte(value)}), "1a/json": []byte("{}")}, []string{"app/.env"}},
		{"a build argument", map[string][]byte{"blobs/sha256/2": []byte(`{"history":[{"created_by":"ARG A=` + value + `"}]}`)}, []string{"blobs/sha256/2"}},
		{"across two pieces", map[string][]byte{"l": archived(t, map[string][]byte{"f": at(pieceSize + overlap - 5)})}, []string{"f"}},
		{"at the end", map[string][]byte{"l": archived(t, map[string][]byte{"f": at(len(long))})}, []string{"f"}},
		{"nothing", map[string][]byte{"l": archived(t, map[string][]byte{"f": long, "empty": nil})}, nil},
	} {
		l := &layerScan{overlap: overlap, seen: map[string]bool{}, find: func(path string, piece []byte) []string {
			if len(piece) > pieceSize+overlap {
				t.Errorf("%s: a piece of %d bytes", c.name, len(piece))
			}
			if bytes.Contains(piece, []byte(value)) {
				return []string{path}
			}
			return nil
		}}
		if err := l.archive(bytes.NewReader(archived(t, c.files)), ""); err != nil || !slices.Equal(l.hits, c.hits) {
			t.Errorf("%s: %q, %v; want %q", c.name, l.hits, err, c.hits)
		}
	}
	l := &layerScan{seen: map[string]bool{}, find: func(string, []byte) []string { return nil }}
	if err := l.archive(bytes.NewReader(archived(t, map[string][]byte{"l": {0x28, 0xb5, 0x2f, 0xfd, 0}})), ""); err == nil || !strings.Contains(err.Error(), "zstd") {
		t.Errorf("zstd: %v", err)
	}
}

// TestFiles: .dockerignore decides what is sent, as Docker reads it.
func TestFiles(t *testing.T) {
	all := []string{".dockerignore", ".env", "Dockerfile", "app/.env", "app/main.py", "docs/a.md", "docs/keep.md"}
	for _, c := range []struct {
		name, ignore, own string
		builder           Builder
		gone              []string
	}{
		{"none", "", "", Buildx, nil},
		{"a name is that of the root", ".env\n", "", Buildx, []string{".env"}},
		{"any depth", "**/.env\n", "", Buildx, []string{".env", "app/.env"}},
		{"a directory, and an exception", "# comment\ndocs\n!docs/keep.md\n", "", Buildx, []string{"docs/a.md"}},
		{"the Dockerfile's own takes precedence", ".env\n", "app\n", Buildx, []string{"app/.env", "app/main.py"}},
		{"but not for the classic builder", ".env\n", "app\n", Classic, []string{".env"}},
	} {
		dir := t.TempDir()
		for _, name := range all {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(c.ignore), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(c.gone, name) })
		if c.own != "" {
			if err := os.WriteFile(filepath.Join(dir, "Dockerfile.dockerignore"), []byte(c.own), 0o600); err != nil {
				t.Fatal(err)
			}
			want = append(want, "Dockerfile.dockerignore")
		}
		var got []string
		err := Files(dir, filepath.Join(dir, "Dockerfile"), c.builder, func(path string) error {
			got = append(got, path)
			return nil
		})
		slices.Sort(got)
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, want)
		}
	}
}
