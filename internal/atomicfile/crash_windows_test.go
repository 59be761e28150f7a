package atomicfile

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
)

func (j job) runSystem() int { return 2 }

// The counterpart of mode 0600: nobody but the user, the system and
// administrators is on the access list, and nothing is inherited.
func TestPrivateAccessList(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	mustWrite(t, path, oldText, 0o600)
	if err := Write(path, []byte(newText), Options{}); err != nil {
		t.Fatal(err)
	}
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		t.Fatal(err)
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	list := sd.String()
	if !strings.HasPrefix(list, "D:P") {
		t.Errorf("the access list is not protected: %s", list)
	}
	for _, entry := range strings.FieldsFunc(list[strings.IndexByte(list, '('):], func(r rune) bool { return r == '(' || r == ')' }) {
		who := entry[strings.LastIndexByte(entry, ';')+1:]
		sid, err := windows.StringToSid(who)
		if err != nil {
			t.Fatalf("%s: %v", entry, err)
		}
		if !sid.Equals(user.User.Sid) && !sid.IsWellKnown(windows.WinLocalSystemSid) && !sid.IsWellKnown(windows.WinBuiltinAdministratorsSid) {
			t.Errorf("the access list admits another: %s", entry)
		}
	}
}
