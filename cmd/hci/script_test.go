package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"hci/crypto"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"hci": main,
	})
}

// TestScripts runs testdata/script/*.txtar, one script per behaviour.
//
// In a script, "seal FILE PASSPHRASE OUT [PARAMETERS]" seals FILE as a teammate
// would, for the environment that OUT is named for, and "sealed OUT PASSPHRASE WANT" fails unless OUT opens to WANT's
// bytes. The sample project is in $SAMPLE; copy it with "sample DIR".
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in testdata/script: %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"chown":    chownCmd,
			"exits":    exitsCmd,
			"flip":     flipCmd,
			"forget":   forgetCmd,
			"mode":     modeCmd,
			"nowhere":  nowhereCmd,
			"readlink": readlinkCmd,
			"sample":   sampleCmd,
			"seal":     sealCmd,
			"sealed":   sealedCmd,
		},
	})
}

func setup(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, ".home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	for name, value := range map[string]string{
		"HOME": home, "USERPROFILE": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home,
		"LOCALAPPDATA": home, "XDG_RUNTIME_DIR": home, "DBUS_SESSION_BUS_ADDRESS": "",
		"GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": filepath.Join(home, "aws-config"),
		"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "aws-credentials"),
	} {
		env.Setenv(name, value)
	}
	return nil
}

func condition(cond string) (bool, error) {
	switch cond {
	case "root":
		return os.Geteuid() == 0, nil
	case "windows":
		return runtime.GOOS == "windows", nil
	default:
		return false, fmt.Errorf("unknown condition %q", cond)
	}
}

// exitsCmd runs a program that must end with a certain exit code.
func exitsCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGS]")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// forgetCmd removes what hci remembers in the user's state directory.
func forgetCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: forget")
	}
	for _, dir := range []string{"hci", "Library"} {
		ts.Check(os.RemoveAll(filepath.Join(ts.Getenv("HOME"), dir)))
	}
}

func modeCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// chownCmd gives files, and symbolic links themselves, to another user.
func chownCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: chown UID FILE...")
	}
	uid, err := strconv.Atoi(args[0])
	ts.Check(err)
	for _, name := range args[1:] {
		ts.Check(os.Lchown(ts.MkAbs(name), uid, uid))
	}
}

func readlinkCmd(ts *testscript.TestScript, neg bool, args []string) {
	_, err := os.Readlink(ts.MkAbs(args[0]))
	if (err == nil) == neg {
		ts.Fatalf("%s: %v", args[0], err)
	}
}

func sealCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: seal FILE PASSPHRASE OUT [PARAMETERS]")
	}
	params := crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: 10000}
	if len(args) == 4 {
		switch args[3] {
		case "openssl": // proves nothing
		case "md5":
			params = crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.MD5}
		case "base64":
			params.Encoding = crypto.Base64
		case "nosalt":
			params.NoSalt = true
		case "600000":
			params = crypto.DefaultParams()
		default:
			ts.Fatalf("seal: unknown parameters %q", args[3])
		}
	}
	openssl := len(args) == 4 && args[3] == "openssl"
	env, _, ok := strings.Cut(filepath.Base(args[2]), "_secrets")
	switch {
	case openssl:
		env = "as good as a random salt"
	case !ok:
		env = ""
	}
	data, err := crypto.Seal([]byte(ts.ReadFile(args[0])), []byte(args[1]), params, env)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), data, 0o644))
}

func sealedCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: sealed SEALED PASSPHRASE WANT")
	}
	opened, err := crypto.Open([]byte(ts.ReadFile(args[0])), []byte(args[1]), crypto.OpenOptions{})
	same := err == nil && string(opened.Plaintext) == ts.ReadFile(args[2])
	if same == neg {
		ts.Fatalf("%s holds %s: %v (%v)", args[0], args[2], same, err)
	}
}

// sampleCmd copies the sample project into a directory.
func sampleCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sample DIR")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(sampleProject)))
}

// sampleProject is found before testscript changes the directory.
var sampleProject, _ = filepath.Abs("../../testdata/project")

// flipCmd flips one bit of a file, counted from the end.
func flipCmd(ts *testscript.TestScript, neg bool, args []string) {
	var back int
	if _, err := fmt.Sscan(args[1], &back); neg || err != nil {
		ts.Fatalf("usage: flip FILE BYTES-FROM-END")
	}
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	data[len(data)-back] ^= 1
	ts.Check(os.WriteFile(path, data, 0o644))
}

// nowhereCmd fails if a file below a directory holds a text.
func nowhereCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: nowhere TEXT DIR")
	}
	ts.Check(filepath.WalkDir(ts.MkAbs(args[1]), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(data), args[0]) {
			err = fmt.Errorf("%s holds the text", path)
		}
		return err
	}))
}
